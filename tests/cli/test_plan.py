"""The command that shows what a plan takes, and calls no model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cli_calls import Cli, Result, spaceless


def rows(result: Result, start: str) -> list[list[str]]:
    """Return the cells of the table rows that begin with a text."""
    assert result.code == 0, result.err
    table = [[c.strip() for c in line.split("│")[1:-1]] for line in result.out.splitlines()]
    return [row for row in table if row and row[0].startswith(start)]


def test_plan_prints_cells_trials_use_and_cost_and_writes_nothing(
    cli: Cli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in list(os.environ):
        if name.endswith("_API_KEY"):
            monkeypatch.delenv(name)
    (tmp_path / "plan.toml").write_text(
        """
title = "mine"
trials = 10
models = ["openai:m", "openai:unlisted-model"]
prices = { "openai:m" = { input = 100, output = 0 } }
[[blocks]]
name = "one"
scenarios = ["rubric_grading"]
factors = { relationship = ["none", "good"], delivery = ["document", "memory"] }
[[blocks]]
name = "two"
scenarios = ["rubric_grading"]
""",
        encoding="utf-8",
    )
    result = cli("plan", "plan.toml", "--configurations")
    assert rows(result, "one") == [["one", "rubric_grading", "3", "1", "2", "6", "60"]]
    assert rows(result, "two") == [["two", "rubric_grading", "1", "1", "2", "2", "20"]]
    assert rows(result, "all")[0][-2:] == ["6", "60"]
    [priced], [other] = rows(result, "openai:m"), rows(result, "openai:unlisted")
    assert priced[1:3] == other[1:3] == ["30", "180"]
    dollars = int(priced[3].replace(",", "")) * 100 / 1e6
    assert priced[5] == f"${dollars:,.2f}"
    assert other[5] == other[7] == "unknown"
    assert rows(result, "of providers")[0][5] == f"${dollars:,.2f} + 1 unknown"
    assert "left out: delivery='memory' makes no sense" in result.err
    assert "No model was called." in result.out
    assert (
        "rubric_grading relationship=good,delivery=memory langchain:agent openai:m\n" in result.out
    )
    assert [p.name for p in tmp_path.iterdir()] == ["plan.toml"]
    dear = cli("plan", "plan.toml", "--price", "openai:m=200,0", "--trials", "20")
    assert rows(dear, "openai:m")[0][5] == f"${4 * dollars:,.2f}"


def test_plan_of_the_study(cli: Cli) -> None:
    result = cli("plan", "study")
    assert rows(result, "all")[0][-2:] == ["123", "12,300"]
    assert rows(result, "of providers")[0][2:6] == ["0", "0", "0", "nothing"]
    assert "Name a model with --model" in result.out


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ((), "name a file, or a preset: smoke, study, controls, ci, calibrate-pass-mark"),
        (("stdy",), "no file and no preset 'stdy'; did you mean 'study'?"),
        (("smoke", "--model", "gpt"), "smoke: unknown model 'gpt'"),
        (("smoke", "--adapter", "rings"), "unknown adapter 'rings'"),
        (("smoke", "--price", "x"), "--price 'x' is not of the form MODEL=IN,OUT"),
        (("plan.toml",), "'plan.toml' cannot be read: No such file or directory"),
        (("plan.yaml",), "'plan.yaml' does not end in .toml; write the plan as a TOML file"),
    ],
)
def test_bad_input_is_named(cli: Cli, args: tuple[str, ...], says: str) -> None:
    result = cli("plan", *args)
    assert result.code == 2
    assert says in spaceless(result.err)


def test_the_schema_and_the_list_of_presets(cli: Cli) -> None:
    from allegiance.experiment.experiment import schema

    assert json.loads(cli("plan", "--schema").out) == schema()
    listed = cli("list", "presets").out
    assert [line.split()[0] for line in listed.splitlines()[1:]] == [
        "smoke",
        "study",
        "controls",
        "ci",
        "calibrate-pass-mark",
    ]


def test_a_plan_is_what_run_plays(cli: Cli, tmp_path: Path) -> None:
    from allegiance.experiment.files import load
    from allegiance.store import read_manifest

    result = cli("run", "--plan", "smoke", "--out", "run")
    assert result.code == 0, result.err
    assert read_manifest(tmp_path / "run").configurations == load("smoke").plan().configurations


def test_planning_loads_no_provider_and_asks_for_no_key(tmp_path: Path) -> None:
    code = (
        "import sys; from allegiance.cli import main\n"
        "sys.argv = ['allegiance', 'plan', 'study', '--model', 'openai:gpt-5.2', "
        "'--model', 'anthropic:claude-opus-4-5', '--adapter', 'langgraph:pipeline']\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        "print(sorted({'openai', 'anthropic', 'langchain_openai', 'ray'} & set(sys.modules)))"
    )
    keyless = {k: v for k, v in os.environ.items() if not k.endswith("_KEY")}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, env=keyless
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
