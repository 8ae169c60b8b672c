"""A scenario, a probe, a format or a command is added by one file, and nothing else is edited."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import warm_commands

ROOT = Path(__file__).parents[2]
FOLDERS = ("core", "adapters", "probes", "scenarios")
ADDITIONS = {
    "scenarios/allegiance/scenarios/night_watch.py": '''"""Night watch: the stop order, at night."""

from dataclasses import replace

from allegiance.scenarios.stop_order import SCENARIO as STOP_ORDER

SCENARIO = replace(STOP_ORDER, id="night_watch", summary="the stop order, at night")
''',
    "probes/allegiance/probes/idleness.py": '''"""Idleness: a critic that calls no tool."""

from dataclasses import dataclass

from allegiance.probe import Timeline
from allegiance.trace import Finding


@dataclass(frozen=True)
class Idleness:
    """Flags a critic that calls no tool."""

    id: str = "idleness"
    behaviour: str = "idleness"

    def __call__(self, timeline: Timeline) -> tuple[Finding, ...]:
        return ()


PROBE = Idleness
''',
    "core/allegiance/gate/formats/one_word.py": '''"""The status in one word."""


def render(report):
    return report.status
''',
    "core/allegiance/scan/formats/diary.py": '''"""Diaries of agents."""


def recognizes(opening):
    return opening.has_key("dear_diary")


def read(path):
    yield from ()
''',
    "core/allegiance/export/count.py": '''"""The number of trials."""

DEFAULT = "count.txt"


def write(run, path):
    path.write_text(str(len(run.trials)))
    return path
''',
    "core/allegiance/cli/salute.py": '''"""The command ``salute``."""

import typer


def command() -> None:
    """Greet the operator."""
    typer.echo("Good evening.")
''',
}
"""One source file for each kind of addition."""

CONTRACT = """
from types import SimpleNamespace
from allegiance.testing import AdapterContract

class TestAdded(AdapterContract):
    adapter = SimpleNamespace(name="added", patterns=("agent",), live=())
"""
DIARY = {"dear_diary": "I did as I was told."}


class Checkout:
    """A copy of the packages to which every addition was made."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in FOLDERS:
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(
                ROOT / name / "allegiance", folder / name / "allegiance", ignore=ignored
            )
        for name, text in ADDITIONS.items():
            assert not (folder / name).exists()
            (folder / name).write_text(text, encoding="utf-8")

    def run(self, *args: str, code: int = 0) -> str:
        """Run Python in the copy and return what it prints."""
        paths = os.pathsep.join(str(self.folder / name) for name in FOLDERS)
        env = {**os.environ, "PYTHONPATH": paths, "COLUMNS": "200", "NO_COLOR": "1"}
        env[warm_commands.FRESH] = "1"  # the copy is imported, and only the frameworks are there
        done = subprocess.run(
            [warm_commands.python(), *args],
            cwd=self.folder,
            env=env,
            capture_output=True,
            text=True,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def allegiance(self, *args: str, code: int = 0) -> str:
        return self.run("-c", "from allegiance.cli import main; main()", *args, code=code)

    def evaluate(self, code: str) -> Any:
        """Run code that prints JSON, and return its value."""
        return json.loads(self.run("-c", code))


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return Checkout(tmp_path_factory.mktemp("checkout"))


def test_additions_are_listed_with_their_descriptions(checkout: Checkout) -> None:
    text = checkout.allegiance("list")
    for name, description in {
        "night_watch": "the stop order, at night",
        "idleness": "Flags a critic that calls no tool.",
        "one_word": "The status in one word",
        "diary": "Diaries of agents",
        "count": "The number of trials",
    }.items():
        assert f"  {name:<20} {description}\n" in text


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (("--help",), "salute"),
        (("gate", "--help"), "one_word (The status in one word)"),
        (("scan", "--help"), "diary (Diaries of agents)"),
        (("export", "--help"), "count (The number of trials)"),
    ],
)
def test_additions_are_in_the_help(checkout: Checkout, args: tuple[str, ...], text: str) -> None:
    words = checkout.allegiance(*args).replace("│", " ").split()
    assert text in " ".join(words)


def test_additions_work(checkout: Checkout) -> None:
    assert checkout.allegiance("salute") == "Good evening.\n"
    run = ("run", "rubric_grading", "--model", "scripted:loyal", "--out", "a-run")
    checkout.allegiance(*run)
    checkout.allegiance("gate", "a-run", "--write", "one_word=out/word.txt", code=3)
    assert (checkout.folder / "out" / "word.txt").read_text() == "inconclusive"
    checkout.allegiance("export", "a-run", "--to", "count")
    assert (checkout.folder / "a-run" / "count.txt").read_text() == "1"
    (checkout.folder / "diary.json").write_text(json.dumps(DIARY))
    code = "from allegiance.scan.detect import detect; from pathlib import Path; import json; "
    assert checkout.evaluate(code + "print(json.dumps(detect(Path('diary.json'))))") == "diary"


def test_the_contract_of_adapters_plays_an_added_scenario(checkout: Checkout) -> None:
    (checkout.folder / "test_added.py").write_text(CONTRACT)
    options = ("--collect-only", "-q", "-p", "no:cacheprovider")
    text = checkout.run("-m", "pytest", "test_added.py", *options)
    assert "night_watch" in text


def test_additions_have_their_pages(checkout: Checkout) -> None:
    pytest.importorskip("griffe", reason="the site's packages are not installed")
    shutil.copytree(ROOT / "docs" / "_site", checkout.folder / "docs" / "_site")
    pages = checkout.evaluate(
        "import sys; sys.path.insert(0, 'docs/_site'); import json, site_pages; "
        "print(json.dumps(site_pages.all_pages()))"
    )
    assert pages["scenarios/night_watch.md"].startswith("# night_watch\n")
    assert "Flags a critic that calls no tool." in pages["probes/idleness.md"]
    assert "allegiance salute" in pages["cli.md"]
    assert "one_word (The status in one word)" in pages["cli.md"]


def test_a_scenario_without_published_rates_takes_no_calibrated_model(checkout: Checkout) -> None:
    reason = (
        "model 'scripted:calibrated:gpt-5.2' has no published rates for scenario 'night_watch'; "
        "there are rates for disk_cleanup, performance_review, "
    )
    options = ("--model", "calibrated:gpt-5.2", "--model", "scripted:loyal", "--out")
    text = checkout.allegiance("run", "night_watch", *options, "named", code=2)
    assert f"error: {reason}" in text
    assert not (checkout.folder / "named").exists()
    code = (
        "import json; from allegiance.experiment import expand; "
        "plan = expand(models=['scripted:calibrated:gpt-5.2', 'scripted:loyal']); "
        "played = [[c.scenario, c.model] for c in plan.configurations]; "
        "print(json.dumps([played, plan.left_out]))"
    )
    played, left_out = checkout.evaluate(code)
    assert ["night_watch", "scripted:loyal"] in played
    assert ["rubric_grading", "scripted:calibrated:gpt-5.2"] in played
    assert ["night_watch", "scripted:calibrated:gpt-5.2"] not in played
    assert [text for text in left_out if text.startswith(reason)]


@pytest.mark.parametrize("args", [("plan", "smoke"), ("list", "adapters")])
def test_planning_and_listing_import_no_framework(args: tuple[str, ...]) -> None:
    code = (
        f"import sys; sys.argv = ['allegiance', *{args!r}]\n"
        "from allegiance.cli import main\n"
        "try:\n    main()\nfinally:\n    print('MODULES', *sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    roots = {name.partition(".")[0] for name in done.stdout.partition("MODULES")[2].split()}
    frameworks = {"langgraph", "langchain", "langchain_core", "autogen_agentchat", "autogen_core"}
    assert not roots & (frameworks | {"crewai"})
