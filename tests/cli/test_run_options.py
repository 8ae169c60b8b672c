"""Values that options refuse, the limits of a continued run, and plans with values of their own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from allegiance.cli import app
from allegiance.cli._run_options import given_options
from allegiance.run import execution
from allegiance.store import read_manifest
from allegiance.store.writer import MANIFEST, read

RUN = ("run", "disk_cleanup", "--model", "scripted:loyal")


def invoke(*args: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(a) for a in args])
    return done.exit_code, done.output if done.exception is None else f"{done.exception}"


def manifest(folder: Path) -> dict:
    return json.loads((folder / MANIFEST).read_text())


def test_zero_was_given_and_nothing_was_not() -> None:
    nothing = {"a": None, "b": "", "c": (), "d": [], "e": {}, "f": False}
    assert given_options({**nothing, "n": 0, "x": 0.0, "y": True}) == {"n": 0, "x": 0.0, "y": True}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--max-cost", "0"], "--max-cost 0.0: input should be greater than 0"),
        (["--max-cost", "inf"], "--max-cost inf: input should be a finite number"),
        (["--set", "budget.seconds=0"], "--set budget.seconds=0: input should be greater than 0"),
        (["--set", "limits.cost=0"], "--set limits.cost=0: input should be greater than 0"),
        (["--timeout", "inf"], "--timeout inf: input should be a finite number"),
        (["--set", "limits.request=inf"], "--set limits.request=inf: input should be a finite"),
        (["--set", "limits.turns=x"], "--set limits.turns=x: input should be a valid integer"),
        (["--set", "limits.turn=3"], "no key 'limits.turn'; did you mean 'limits.turns'?"),
        (["--set", "limits.turns"], "--set 'limits.turns' is not of the form KEY=VALUE"),
        (["--set", "limits.turns="], "--set 'limits.turns=' is not of the form KEY=VALUE"),
        (["--set", "limits.timeout=3"], "use the option --timeout"),
        (["--set", "limits.turns=3", "--set", "limits.turns=4"], "'limits.turns' is set twice"),
        (["--set", "until.alpha=0.1"], "add --until-verdict, or drop --set until.alpha=0.1"),
        (["--until-verdict", "--max-rate", "0"], "max_rate=0 can never be established"),
        (
            ["--until-verdict", "--set", "until.alpha=0", "--trials", "2"],
            "alpha=0.0 is out of range",
        ),
        (["--model", "openai:nobody-has-this", "--set", "limits.cost=1"], "give --price"),
        (["--trials", "3", "--shard", "8/8"], "--shard '8/8' holds none of the 3 trials"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_before_there_is_a_folder(
    tmp_path: Path, options: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    code, output = invoke(*RUN, *options, "--out", tmp_path / "run")
    assert code != 0
    assert said in output
    assert not (tmp_path / "run").exists()


def test_all_trials_of_a_run_have_the_same_limits(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    cut = ("--trials", "3", "--set", "budget.calls=1", "--concurrency", "1")
    cut = (*cut, "--set", "limits.turns=30")
    assert invoke(*RUN, *cut, "--out", folder)[0] == 0
    more = ("--set", "budget.calls=99")
    for option, value, had in (
        ("--set", "limits.turns=1", 30),
        ("--timeout", "1.5", 300.0),
        ("--set", "limits.tokens=9", None),
        ("--set", "limits.cost=0.5", None),
        ("--set", "limits.nudges=2", 1),
    ):
        code, output = invoke("run", "--resume", folder, option, value, *more)
        assert code != 0, value
        assert f"{option} {value}: the trials of this run had {had!r}" in output
    assert len(read(folder).trials) == 1
    same = ("--set", "limits.turns=30", "--set", "limits.attempts=2")
    assert invoke("run", "--resume", folder, *same, *more)[0] == 0
    assert len(read(folder).trials) == 3


def test_a_spent_budget_says_that_going_on_takes_a_larger_one(tmp_path: Path) -> None:
    cut = ("--trials", "3", "--set", "budget.calls=1", "--concurrency", "1")
    assert (
        "continues the run with a larger budget" in invoke(*RUN, *cut, "--out", tmp_path / "run")[1]
    )


def test_another_endpoint_is_not_quietly_left_unused(tmp_path: Path) -> None:
    assert invoke(*RUN, "--out", tmp_path / "run")[0] == 0
    other = ("--base-url", "http://user:secret@127.0.0.1:9/v1")
    output = invoke("run", "--resume", tmp_path / "run", *other)[1]
    assert "is not the run's endpoint: drop it" in output
    assert "secret" not in output


def test_the_seed_of_a_run_cannot_be_given_again_not_even_as_zero(tmp_path: Path) -> None:
    assert invoke(*RUN, "--seed", "4", "--out", tmp_path / "run")[0] == 0
    assert "drop --seed" in invoke("run", "--resume", tmp_path / "run", "--seed", "0")[1]


def test_options_add_to_what_a_plan_says_of_prices_and_verdicts(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(
        """
trials = 1
prices = { "a:x" = { input = 1, output = 2 }, "a:y" = { input = 3, output = 4 } }
until = { max_rate = 0.3, alpha = 0.1 }
blocks = [{ scenarios = ["disk_cleanup"], models = ["scripted:loyal"] }]
"""
    )
    options = ("--price", "a:y=5,6", "--until-verdict", "--max-rate", "0.4")
    code, output = invoke(
        "run", "--plan", tmp_path / "plan.toml", *options, "--out", tmp_path / "run"
    )
    assert code == 0, output
    found = manifest(tmp_path / "run")
    assert found["limits"]["prices"] == {"a:x": [1.0, 2.0], "a:y": [5.0, 6.0]}
    assert (found["until"]["max_rate"], found["until"]["alpha"]) == (0.4, 0.1)


def test_a_run_interrupted_before_its_first_trial_ended_exits_like_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(execution, "play_all", interrupted)
    code = CliRunner().invoke(app, [*RUN, "--out", str(tmp_path / "run")]).exit_code
    assert code == 130
    monkeypatch.undo()
    assert invoke("run", "--resume", tmp_path / "run")[0] == 0
    assert len(read(tmp_path / "run").trials) == 1


def test_the_command_shows_how_far_a_run_is_and_the_run_by_itself_shows_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = CliRunner().invoke(app, [*RUN, "--trials", "2", "--out", str(tmp_path / "run")])
    assert command.stderr.splitlines() == [
        f"2 trials into {tmp_path / 'run'}",
        "1/2 trials: 1 complied",
        "2/2 trials: 2 complied",
    ]
    plan = read_manifest(tmp_path / "run")
    ended = execution.execute(plan, execution.ExecutionOptions(), out=tmp_path / "again")
    assert ended.outcomes == {"complied": 2}
    assert capsys.readouterr() == ("", "")
