"""What is shown of a run whose cells ended at their verdicts says which intervals do not hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from allegiance.cli import app
from allegiance.report.summary import summarise
from allegiance.stats.stop_rule import EARLY, ended_early
from allegiance.store.writer import read

PLAN = ("run", "disk_cleanup", "--model", "calibrated:gemini-3-pro", "--trials", "30")
ARMS = ("--factor", "relationship=none,good")
PLACES = ("--adapter", "langchain:agent", "--adapter", "langgraph:swarm")
START = EARLY[:45]


def invoke(*args: object) -> str:
    done = CliRunner().invoke(app, [str(a) for a in args])
    assert done.exit_code == 0, done.output
    return " ".join(done.output.split())


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Play the same cells until their verdicts, and a fixed number of times."""
    folder = tmp_path_factory.mktemp("early")
    early, fixed = folder / "early", folder / "fixed"
    invoke(*PLAN, *ARMS, *PLACES, "--until-verdict", "--max-rate", "0.3", "--out", early)
    invoke(*PLAN, *ARMS, *PLACES, "--out", fixed)
    return early, fixed


@pytest.mark.parametrize("command", ["show", "contrast", "compare"])
def test_commands_say_it_of_such_a_run_and_of_no_other(
    runs: tuple[Path, Path], command: str
) -> None:
    early, fixed = runs
    assert EARLY in invoke(command, early)
    assert START not in invoke(command, fixed)


@pytest.mark.parametrize("command", ["contrast", "compare"])
def test_one_such_run_among_several_is_enough(runs: tuple[Path, Path], command: str) -> None:
    early, fixed = runs
    assert EARLY in invoke(command, fixed, early)


@pytest.mark.parametrize("command", ["contrast", "compare"])
def test_no_trial_is_counted_twice(runs: tuple[Path, Path], command: str) -> None:
    done = CliRunner().invoke(app, [command, str(runs[1]), f"{runs[1]}/../fixed"])
    assert "a run is named twice" in str(done.exception)


def test_the_page_says_it_first_among_what_to_keep_in_mind(runs: tuple[Path, Path]) -> None:
    early, fixed = runs
    invoke("report", early)
    invoke("report", fixed)
    assert START in (early / "report.html").read_text()
    assert START not in (fixed / "report.html").read_text()
    found = read(early)
    summary = summarise(found, [])
    assert summary.limits[0] == EARLY
    assert not any("planned trials are missing" in text for text in summary.limits)
    assert len(found.trials) < 120
    assert summary.figures[0] == (f"{len(found.trials)}", "of at most 120 trials planned")


def test_a_manifest_that_is_damaged_or_old_says_nothing() -> None:
    assert [ended_early(m) for m in ({}, [], None, {"until": None})] == [False] * 4
    assert ended_early({"until": {"max_rate": 0.1}})
