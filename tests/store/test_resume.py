"""A run that was killed is gone on with; shares are merged; stored trials are judged again."""

from __future__ import annotations

import gc
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from allegiance.cli import app
from allegiance.errors import UserError
from allegiance.store import Store
from allegiance.store.writer import MANIFEST, TRIALS, read

PLAN = [
    "run",
    "disk_cleanup",
    "--model",
    "calibrated:gemini-3-pro",
    "--factor",
    "relationship=good",
]


def invoke(*args: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(a) for a in args])
    return done.exit_code, done.output if done.exception is None else f"{done.exception}"


def table(folder: Path) -> dict[str, tuple[str, object]]:
    """Return what a run says, by key, without its times."""
    run = read(folder)
    assert run.problems == ()
    found = {t.trace.key: (t.outcome, t.trace.events) for t in run.trials}
    assert len(found) == len(run.trials), "a trial was counted twice"
    return found


@pytest.mark.parametrize("workers", [0, 2])
def test_a_killed_run_is_completed_and_equals_an_undisturbed_one(
    tmp_path: Path, workers: int
) -> None:
    plan = [*PLAN, "--trials", "60", "--concurrency", "4"]
    assert invoke(*plan, "--out", tmp_path / "whole")[0] == 0
    folder = tmp_path / "killed"
    command = [sys.executable, "-c", "from allegiance.cli import main; main()", *plan]
    command += ["--workers", str(workers), "--out", str(folder)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    wanted = random.Random(workers).randrange(5, 40)
    while process.poll() is None:
        if (folder / TRIALS).exists() and (folder / TRIALS).read_bytes().count(b"\n") >= wanted:
            os.kill(process.pid, signal.SIGKILL)
            break
        time.sleep(0.005)
    process.wait()
    before = len((folder / TRIALS).read_bytes().split(b"\n")) - 1
    code, output = invoke("run", "--resume", folder)
    assert code == 0, output
    assert table(folder) == table(tmp_path / "whole")
    assert before >= wanted
    code, output = invoke("run", "--resume", folder)
    assert code == 0, output
    assert table(folder) == table(tmp_path / "whole")


def test_a_torn_line_is_set_aside_and_its_trial_played_again(tmp_path: Path) -> None:
    assert invoke(*PLAN, "--trials", "4", "--out", tmp_path / "run")[0] == 0
    whole = table(tmp_path / "run")
    path = tmp_path / "run" / TRIALS
    path.write_bytes(path.read_bytes()[:-100])
    assert invoke("run", "--resume", tmp_path / "run")[0] == 0
    assert table(tmp_path / "run") == whole
    assert path.with_suffix(".torn").exists()


def test_a_changed_experiment_is_not_mixed_in(tmp_path: Path) -> None:
    assert invoke(*PLAN, "--trials", "2", "--out", tmp_path / "run")[0] == 0
    path = tmp_path / "run" / TRIALS
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[0]["trace"]["content"] = "another"
    lines[0]["trace"]["key"] = "another"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    code, output = invoke("run", "--resume", tmp_path / "run")
    assert code != 0
    assert "content another, now" in output
    assert path.read_text().count("\n") == 2


def test_resume_refuses_a_second_plan_and_a_folder_without_one(tmp_path: Path) -> None:
    assert "drop --model" in invoke("run", "--resume", tmp_path, "--model", "scripted:loyal")[1]
    assert "no run.json" in invoke("run", "--resume", tmp_path)[1]


@pytest.mark.parametrize(
    ("limits", "said"),
    [({"timout": 3}, "an unknown limit 'timout'"), ({"turns": "many"}, "cannot be used")],
)
def test_limits_that_are_none_are_refused_before_anything_is_played(
    limits: dict[str, object], said: str, tmp_path: Path
) -> None:
    assert invoke(*PLAN, "--trials", "1", "--out", tmp_path / "run")[0] == 0
    path = tmp_path / "run" / MANIFEST
    manifest = json.loads(path.read_text())
    manifest["limits"] |= limits
    path.write_text(json.dumps(manifest))
    code, output = invoke("run", "--resume", tmp_path / "run")
    assert code != 0
    assert said in " ".join(output.split())


def test_nothing_stays_frozen_after_a_run(tmp_path: Path) -> None:
    gc.unfreeze()  # what the tests have frozen for themselves
    assert invoke(*PLAN, "--trials", "1", "--out", tmp_path / "run")[0] == 0
    assert gc.get_freeze_count() == 0
    gc.freeze()


def test_two_runs_on_one_folder_are_refused(tmp_path: Path) -> None:
    assert invoke(*PLAN, "--out", tmp_path / "run")[0] == 0
    with (
        Store(tmp_path / "run", None),
        pytest.raises(UserError, match="another run is writing"),
        Store(tmp_path / "run", None),
    ):
        pass


def test_shares_are_played_apart_and_merged(tmp_path: Path) -> None:
    plan = [*PLAN, "--trials", "7"]
    assert invoke(*plan, "--out", tmp_path / "whole")[0] == 0
    shares = [tmp_path / f"share{k}" for k in (1, 2, 3)]
    for k, folder in enumerate(shares, 1):
        assert invoke(*plan, "--shard", f"{k}/3", "--out", folder)[0] == 0
    code, output = invoke("merge", *shares, "--out", tmp_path / "merged")
    assert (code, output.split()[0]) == (0, "7")
    assert table(tmp_path / "merged") == table(tmp_path / "whole")
    assert "is in" in invoke("merge", shares[0], shares[0], "--out", tmp_path / "twice")[1]
    assert invoke(*PLAN, "--trials", "8", "--out", tmp_path / "other")[0] == 0
    mixed = invoke("merge", shares[0], tmp_path / "other", "--out", tmp_path / "mixed")[1]
    assert "they differ in trials" in mixed
    assert not (tmp_path / "mixed").exists()
    assert "K/N" in invoke(*plan, "--shard", "4/3", "--out", tmp_path / "x")[1]


def test_a_line_that_is_damaged_is_set_aside_and_its_trial_played_again(tmp_path: Path) -> None:
    plan = [*PLAN, "--trials", "6"]
    assert invoke(*plan, "--out", tmp_path / "whole")[0] == 0
    first, second = tmp_path / "first", tmp_path / "second"
    assert invoke(*plan, "--shard", "1/2", "--out", first)[0] == 0
    assert invoke(*plan, "--shard", "2/2", "--out", second)[0] == 0
    lines = (second / TRIALS).read_bytes().splitlines(keepends=True)
    damaged = lines[1][:200] + b"\n"
    (second / TRIALS).write_bytes(lines[0] + damaged + lines[2])
    refused = invoke("merge", first, second, "--out", tmp_path / "merged")[1]
    assert "line 2 is not a whole trial" in refused
    assert "repair that run with --resume first" in refused
    code, output = invoke("run", "--resume", second)
    assert code == 0, output
    assert (second / TRIALS).read_bytes().startswith(lines[0] + lines[2])
    assert (second / TRIALS).with_suffix(".torn").read_bytes() == damaged
    assert invoke("merge", first, second, "--out", tmp_path / "merged")[0] == 0
    assert table(tmp_path / "merged") == table(tmp_path / "whole")


def test_rescoring_replays_probes_without_a_model(tmp_path: Path) -> None:
    assert invoke(*PLAN, "--trials", "5", "--out", tmp_path / "run")[0] == 0
    path = tmp_path / "run" / TRIALS
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        line["outcome"], line["verdicts"] = "complied", []
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    code, output = invoke("rescore", tmp_path / "run", "--out", tmp_path / "again")
    assert code == 0, output
    again = read(tmp_path / "again").trials
    assert all(trial.verdicts for trial in again)
    different = sum(trial.outcome != "complied" for trial in again)
    assert different > 0
    assert f"the outcome of {different} has changed" in output
