from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from allegiance.cli import main
from allegiance.store.writer import MANIFEST, TRIALS, read

LOYAL = ("--model", "scripted:loyal")
COMMAND = (sys.executable, "-c", "from allegiance.cli import main; main()")


class Result(NamedTuple):
    code: int
    out: str
    err: str


class Cli:
    """The command line in this process, in a folder of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *args: str) -> Result:
        self._monkeypatch.setattr(sys, "argv", ["allegiance", *args])
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            sys.exit(main())  # type: ignore[func-returns-value]
        found = self._capsys.readouterr()
        return Result(int(caught.value.code or 0), found.out, found.err)


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Cli:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return Cli(monkeypatch, capsys)


def spaceless(text: str) -> str:
    return " ".join(text.split())


# --- bad input: exit code 2, the value named, and what to do next


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("nothing", *LOYAL), "unknown scenario 'nothing'; there are disk_cleanup, "),
        (("--adapter", "haystack", *LOYAL), "unknown adapter 'haystack'; there are autogen, "),
        (
            ("--adapter", "langgraph:ring", *LOYAL),
            "adapter 'langgraph' has no pattern 'ring'; its patterns are pipeline, supervisor",
        ),
        (("--factor", "mood=good", *LOYAL), "unknown factor 'mood'; the factors are subject, "),
        (
            ("--factor", "pass_mark=75", *LOYAL),
            "factor 'pass_mark' has no level '75'; its levels are 65, 70, 80, 90",
        ),
        (("--factor", "pass_mark", *LOYAL), "--factor 'pass_mark' is not of the form factor=level"),
        (
            ("--factor", "pass_mark=80", "--factor", "pass_mark=90", *LOYAL),
            "'pass_mark' is given twice; list its levels",
        ),
        (
            ("stop_order", "--factor", "stakes=none", *LOYAL),
            "'stop_order' has no condition with stakes='none'; use stakes=shutdown",
        ),
        (
            ("--factor", "peer_conduct=pleading", *LOYAL),
            "peer_conduct='pleading' makes no sense in langchain:agent",
        ),
        ((), "no model is named: add --model scripted:loyal, which needs no key"),
        (("--model", "gpt"), "unknown model 'gpt'; write scripted:<character>, calibrated:"),
        (("--model", "nobody:gpt"), "model 'nobody:gpt'"),
        (
            ("--model", "scripted:evil"),
            "unknown scripted agent 'evil'; the scripted agents are loyal, ",
        ),
        (
            ("disk_cleanup", "--model", "scripted:script:tamper"),
            "'disk_cleanup' has no script 'tamper'; its scripts are comply, ",
        ),
        (
            ("--model", "calibrated:gpt-1"),
            "no published rates for 'gpt-1'; calibrated scripted agents ",
        ),
        (
            ("--model", "openai:x", "--base-url", "localhost"),
            "--base-url 'localhost' is not an http(s) address",
        ),
        (("--peer-model", "scripted:evil", *LOYAL), "unknown scripted agent 'evil'"),
        (("--by", "model,mood", *LOYAL), "--by has no field 'mood'; the fields are model, "),
        (("--guard", "shout", *LOYAL), "'shout'"),
        (("--guard", "ask", *LOYAL), "nobody can be asked in a run; use observe, block, halt"),
        (("--app", "module", *LOYAL), "--app 'module' is not of the form package.module:"),
        (("--app", ":build", *LOYAL), "--app ':build' is not of the form"),
        (("--app", "no_such_module:build", *LOYAL), "no module 'no_such_module'; run from the"),
        (("--app", "app_ok:nothing", *LOYAL), "'app_ok' has no function 'nothing'"),
        (("--app", "app_ok:NUMBER", *LOYAL), "'app_ok' has no function 'NUMBER'"),
        (("--app", "app_ok:text", *LOYAL), "build(kit) returned 'str'; it must return"),
        (("--app", "app_ok:fails", *LOYAL), "fails(kit) failed: KeyError: 'a table'"),
        (("--app", "app_broken:build", *LOYAL), "importing it failed: ZeroDivisionError"),
        (("--app", "app_needs:build", *LOYAL), "no module 'no_such_package'"),
        (
            ("--app", "app_ok:text", "--adapter", "langgraph:swarm", *LOYAL),
            "--app brings its own pattern; write --adapter langgraph",
        ),
        (("--out", "full", *LOYAL), "'full' is not empty; name another folder with --out"),
        (("--out", "full/file", *LOYAL), "cannot write to 'full/file'"),
    ],
)
def test_bad_input_is_named_with_what_to_do(
    cli: Cli, tmp_path: Path, args: tuple[str, ...], says: str
) -> None:
    (tmp_path / "app_ok.py").write_text(
        "NUMBER = 1\ndef text(kit): return 'hello'\ndef fails(kit): raise KeyError('a table')\n"
    )
    (tmp_path / "app_broken.py").write_text("1 / 0\n")
    (tmp_path / "app_needs.py").write_text("import no_such_package\n")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("mine")
    result = cli("run", *args)
    assert result.code == 2, result
    (error,) = [text for text in result.err.splitlines() if text.startswith("error: ")]
    assert says in error
    assert "Traceback" not in result.err
    assert result.out == ""
    assert (tmp_path / "full" / "file").read_text() == "mine"
    assert list(tmp_path.rglob(TRIALS)) == [] or "target" in says or "failed" in says
    for name in ("app_ok", "app_broken", "app_needs"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("show", "nowhere"), "'nowhere' is not a run: there is no trials.jsonl in it"),
        (("compare", "nowhere"), "'nowhere' is not a run"),
        (("list", "cakes"), "unknown kind 'cakes'; use scenarios, "),
        (("run", "--trials", "0", *LOYAL), "Invalid value for '--trials'"),
        (("run", "--workers", "x", *LOYAL), "Invalid value for '--workers'"),
        (("walk",), "No such command 'walk'"),
    ],
)
def test_bad_input_of_other_commands(cli: Cli, args: tuple[str, ...], says: str) -> None:
    result = cli(*args)
    assert result.code == 2
    assert says in spaceless(result.err)


@pytest.mark.parametrize("adapter", ["langchain", "langgraph"])
def test_a_missing_extra_is_named_and_not_called_unknown(tmp_path: Path, adapter: str) -> None:
    code = "import sys; sys.modules['langgraph'] = None; from allegiance.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "run", "--adapter", adapter, *LOYAL],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 2
    assert done.stderr == (
        f"error: adapter {adapter!r} needs 'langgraph', which is not installed; "
        f"pip install 'allegiance[{adapter}]'\n"
    )
    assert list(tmp_path.iterdir()) == []


# --- what goes well


def test_run_show_and_compare(cli: Cli, tmp_path: Path) -> None:
    ran = cli(
        *("run", "performance_review", "disk_cleanup", "--out", "one", "--trials", "2"),
        *("--adapter", "langchain", "--adapter", "langgraph:pipeline"),
        *("--factor", "relationship=none,good", "--model", "scripted:inflator", *LOYAL),
    )
    assert ran.code == 0, ran
    assert "misrepresentation" in ran.out
    assert "A scripted agent was measured, not a model" in spaceless(ran.out)
    run = read(tmp_path / "one")
    assert len(run.trials) == 2 * 2 * 2 * 2 * 2
    assert {t.outcome for t in run.trials} == {"complied", "violated"}
    assert run.manifest["trials"] == 2
    assert len(run.manifest["configurations"]) == 16

    shown = cli("show", "one", "--by", "scenario,behaviour,condition")
    assert shown.code == 0
    for number, trial in enumerate(run.trials):
        assert f"{number:>5} {trial.trace.key} {trial.outcome}" in shown.out

    violated = next(n for n, t in enumerate(run.trials) if t.outcome == "violated")
    one = cli("show", "one", str(violated))
    assert one.code == 0
    assert "outcome: violated" in one.out
    assert "^ score_inflation, achieved: reports" in one.out
    key = run.trials[violated].trace.key
    assert cli("show", "one", key[:12]).out == one.out

    compared = cli("compare", "one")
    assert compared.code == 0
    assert "langgraph:pipeline" in compared.out
    wrong = cli("compare", "one", "--against", "crewai:flow")
    assert wrong.code == 2
    assert "cannot compare with 'crewai:flow': the runs have langchain:agent" in wrong.err

    for wanted in ("32", "zzzz", ""):
        missing = cli("show", "one", wanted)
        assert missing.code == 2
        assert f"trials match {wanted!r}; the run has 32 trials, numbered from 0" in spaceless(
            missing.err
        )

    with (tmp_path / "one" / TRIALS).open("ab") as file:
        file.write(b'{"outcome":"compl')
    damaged = cli("show", "one")
    assert damaged.code == 2
    assert f"   31 {run.trials[31].trace.key}" in damaged.out
    assert "not read: trials.jsonl line 33 is not a whole trial" in damaged.err


def test_trials_repeat_themselves_by_seed(cli: Cli, tmp_path: Path) -> None:
    def play(out: str, seed: int) -> list[tuple[str, str, str]]:
        args = ("--model", "calibrated:gemini-3-pro", "--factor", "relationship=good")
        more = ("--trials", "20", "--seed", str(seed), "--out", out)
        assert cli("run", "server_migration", *args, *more).code == 0
        trials = read(tmp_path / out).trials
        return sorted((t.trace.key, t.outcome, repr(t.trace.events)) for t in trials)

    first = play("a", 1)
    assert first == play("b", 1)
    other = play("c", 2)
    assert {key for key, _, _ in first}.isdisjoint(key for key, _, _ in other)
    assert {outcome for _, outcome, _ in first} == {"complied", "violated"}


def test_a_guard_that_blocks_changes_what_comes_about(cli: Cli, tmp_path: Path) -> None:
    args = ("disk_cleanup", "--model", "scripted:exfiltrator", "--guard", "block", "--out", "g")
    assert cli("run", *args).code == 0
    (trial,) = read(tmp_path / "g").trials
    assert trial.trace.guard == "block"
    assert not any(v.achieved for v in trial.verdicts)
    assert any(e.kind == "decision" for e in trial.trace.events)


def test_list_shows_everything_that_can_be_named(cli: Cli) -> None:
    everything = cli("list").out
    for word in (
        "stop_order",
        "oversight",
        "exfiltrator",
        "calibrated:MODEL",
        "langgraph",
        "swarm",
    ):
        assert word in everything
    only = cli("list", "adapters").out
    assert "langgraph" in only
    assert "stop_order" not in only


def test_version_and_help(cli: Cli) -> None:
    assert cli("--version").out.startswith("allegiance ")
    assert "--app" in cli("run", "--help").out


def test_no_help_text_is_taken_for_markup() -> None:
    from rich.text import Text
    from typer.main import get_command

    from allegiance.cli import app

    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        for param in command.params:
            said = getattr(param, "help", None) or ""
            assert Text.from_markup(said).plain == said, f"{name} {param.name}"


def test_a_run_in_which_every_trial_failed_exits_with_one(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "app_down.py").write_text(
        "class App:\n    async def ainvoke(self, *args, **kwargs):\n"
        "        raise ConnectionError('down')\n"
        "def build(kit):\n    return App()\n"
    )
    result = cli("run", "rubric_grading", "--app", "app_down:build", *LOYAL, "--out", "o")
    assert result.code == 1
    (trial,) = read(tmp_path / "o").trials
    assert trial.trace.error == "ConnectionError: down"
    assert trial.trace.app == "app_down:build"
    assert "nan n=0 +1 not scored" in result.out
    assert "1 trials ended in an error" in result.out


# --- secrets


def everything_in(folder: Path) -> bytes:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {TRIALS, MANIFEST}
    return b"".join(path.read_bytes() for path in files)


def test_a_key_in_an_exception_is_written_nowhere(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "zq81-not-of-a-known-form-7731"
    monkeypatch.setenv("SOME_PROVIDER_API_KEY", secret)
    (tmp_path / "app_keys.py").write_text(
        "import os\nclass App:\n    async def ainvoke(self, *args, **kwargs):\n"
        "        raise ValueError('rejected: ' + os.environ['SOME_PROVIDER_API_KEY'])\n"
        "def build(kit):\n    return App()\n"
        "def fails(kit):\n    raise ValueError(os.environ['SOME_PROVIDER_API_KEY'])\n"
    )
    result = cli("run", "rubric_grading", "--app", "app_keys:build", *LOYAL, "--out", "o")
    assert read(tmp_path / "o").trials[0].trace.error == "ValueError: rejected: [redacted]"
    assert secret.encode() not in everything_in(tmp_path / "o")
    assert secret not in result.out + result.err
    failed = cli("run", "rubric_grading", "--app", "app_keys:fails", *LOYAL, "--out", "p")
    assert failed.code == 2
    assert secret not in failed.err


def test_credentials_of_an_endpoint_are_written_nowhere(cli: Cli, tmp_path: Path) -> None:
    url = "http://me:s3cretive@127.0.0.1:9/v1"
    args = ("--model", "openai:x", "--base-url", url, "--set", "limits.attempts=1", "--out", "o")
    result = cli("run", "rubric_grading", *args)
    assert result.code == 1
    assert b"s3cretive" not in everything_in(tmp_path / "o")
    assert json.loads((tmp_path / "o" / MANIFEST).read_text())["configurations"][0]["base_url"] == (
        "http://[redacted]@127.0.0.1:9/v1"
    )


# --- processes


def wait_for_trials(process: subprocess.Popen[str], folder: Path, count: int) -> None:
    file = folder / TRIALS
    while not (file.exists() and file.read_bytes().count(b"\n") >= count):
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


@pytest.mark.parametrize("workers", ["0", "2"])
def test_what_has_finished_is_kept_when_a_run_is_stopped(tmp_path: Path, workers: str) -> None:
    args = ("run", "rubric_grading", *LOYAL, "--trials", "100000", "--workers", workers)
    process = subprocess.Popen(
        [*COMMAND, *args, "--out", "run"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # who runs the tests in the background has Ctrl-C ignored, and children inherit that
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        wait_for_trials(process, tmp_path / "run", 5)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the whole group
        out, err = process.communicate(timeout=600)
    finally:
        process.kill()
    assert process.returncode == 130, err
    assert "the trials that ended are kept" in err
    assert "Traceback" not in err
    assert "complied" in out
    run = read(tmp_path / "run")
    assert run.problems == ()
    assert len(run.trials) >= 5
    assert {t.outcome for t in run.trials} == {"complied"}


def test_a_target_that_cannot_be_used_stops_workers_too(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "app_spawned.py").write_text("def build(kit): return None\n")
    args = ("--app", "app_spawned:build", *LOYAL, "--workers", "1", "--out", "o")
    result = cli("run", "rubric_grading", *args)
    assert result.code == 2
    assert "build(kit) returned 'NoneType'" in result.err
