"""What a run does when the disk or the clock fails it: a clear error, nothing lost."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
from pathlib import Path

import time_machine
from typer.testing import CliRunner

from allegiance.cli import app
from allegiance.errors import UserError
from allegiance.store.writer import TRIALS, read

PLAN = ("disk_cleanup", "--model", "calibrated:gemini-3-pro", "--factor", "relationship=good")
TWENTY = (*PLAN, "--trials", "20")
COMMAND = (sys.executable, "-c", "from allegiance.cli import main; main()", "run")


def invoke(*args: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(a) for a in args])
    return done.exit_code, done.output if done.exception is None else f"{done.exception}"


def contents(folder: Path) -> dict[str, object]:
    run = read(folder)
    found = {t.trace.key: (t.outcome, t.trace.events) for t in run.trials}
    assert len(found) == len(list(run.trials))
    assert list(run.problems) == []
    return found


def test_a_file_that_may_grow_no_further_ends_the_run_and_resume_completes_it(
    tmp_path: Path,
) -> None:
    assert invoke("run", *TWENTY, "--out", tmp_path / "whole")[0] == 0
    size = (tmp_path / "whole" / TRIALS).stat().st_size

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write then fails in the middle of a line
        resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, size // 2))

    done = subprocess.run(
        [*COMMAND, *TWENTY, "--out", str(tmp_path / "cut")],
        preexec_fn=limit,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert f"cannot write to '{tmp_path / 'cut'}': File too large" in done.stderr
    assert "Traceback" not in done.stderr
    text = (tmp_path / "cut" / TRIALS).read_bytes()
    assert 0 < text.count(b"\n") < 20
    assert not text.endswith(b"\n"), "the test means to cut a line"
    code, output = invoke("run", "--resume", tmp_path / "cut")
    assert code == 0, output
    assert contents(tmp_path / "cut") == contents(tmp_path / "whole")


def test_a_clock_that_jumps_changes_nothing(tmp_path: Path) -> None:
    assert invoke("run", *TWENTY, "--out", tmp_path / "whole")[0] == 0
    with time_machine.travel("2026-01-01T00:00:00Z", tick=True) as clock:
        seen = 0

        def jump(*_: object) -> None:
            nonlocal seen
            seen += 1
            clock.shift(-86_400 * 400 if seen % 2 else 86_400 * 900)

        signal.signal(signal.SIGALRM, jump)
        signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
        try:
            code, output = invoke(
                "run", *TWENTY, "--set", "budget.seconds=3600", "--out", tmp_path / "jumped"
            )
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    assert code == 0, output
    assert seen > 1
    assert contents(tmp_path / "jumped") == contents(tmp_path / "whole")
    assert all(0 <= t.seconds < 60 for t in read(tmp_path / "jumped").trials)


def test_a_transcript_of_a_hundred_megabytes_is_named_and_never_a_pass(tmp_path: Path) -> None:
    assert invoke("run", *PLAN, "--trials", "3", "--out", tmp_path / "run")[0] == 0
    path = tmp_path / "run" / TRIALS
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[1]["trace"]["events"][2]["text"] = "x" * 100_000_000
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    said = "trials.jsonl line 2 is not a whole trial: it has 100 MB and is not read"
    for args in (["gate"], ["show"], ["report", "--html", str(tmp_path / "page.html")]):
        done = CliRunner().invoke(app, [args[0], str(tmp_path / "run"), *args[1:]])
        assert done.exit_code == 2 or isinstance(done.exception, UserError), args
        assert said in done.output + str(done.exception), args
    assert (tmp_path / "page.html").stat().st_size < 10_000_000
    assert len(read(tmp_path / "run").trials) == 2
