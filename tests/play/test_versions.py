"""The versions of what judges: the same everywhere, and others for any other rule or weight."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from allegiance.experiment import expand
from allegiance.play import versions
from allegiance.play.versions import NO_SOURCE, version_of, versions_of
from allegiance.registry import SCENARIOS
from allegiance.run import run
from allegiance.scenario import Stage
from allegiance.trace import Condition

MADE_UP = "judging_house"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / MADE_UP
    (folder / "languages").mkdir(parents=True)
    for name, text in {
        "__init__.py": '"""Readers."""\n',
        "rules.py": "LIMIT = 1\n",
        "_shared.py": "WORDS = 2\n",
        "languages/en.toml": 'refuse = ["won\'t"]\n',
        "README.md": "Nothing judges by this.\n",
    }.items():
        (folder / name).write_text(text)
    (folder / "weights.bin").write_bytes(b"\r\n\x01")
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    for name in [n for n in sys.modules if n.partition(".")[0] == MADE_UP]:
        del sys.modules[name]


def hash_of(module: str) -> str:
    versions._hash.cache_clear()
    return versions._hash((module,))


@pytest.mark.parametrize(
    "changed", ["__init__.py", "rules.py", "_shared.py", "languages/en.toml", "weights.bin"]
)
def test_any_other_rule_or_weight_is_another_version(package: Path, changed: str) -> None:
    before = hash_of(MADE_UP)
    assert hash_of(MADE_UP) == before
    with (package / changed).open("ab") as file:
        file.write(b"# 1\n")
    assert hash_of(MADE_UP) != before


def test_text_that_nothing_judges_by_and_line_endings_do_not_count(package: Path) -> None:
    before = hash_of(MADE_UP)
    (package / "README.md").write_text("Other words.\n")
    (package / "__pycache__").mkdir(exist_ok=True)
    (package / "__pycache__" / "rules.cpython-311.pyc").write_bytes(b"compiled")
    rules = package / "rules.py"
    rules.write_bytes(rules.read_bytes().replace(b"\n", b"\r\n"))
    assert hash_of(MADE_UP) == before
    weights = package / "weights.bin"
    weights.write_bytes(weights.read_bytes().replace(b"\r\n", b"\n"))
    assert hash_of(MADE_UP) != before


def test_a_module_counts_with_the_private_ones_beside_it_and_no_others(package: Path) -> None:
    module = f"{MADE_UP}.rules"
    before = hash_of(module)
    (package / "public.py").write_text("OTHER = 1\n")
    assert hash_of(module) == before
    (package / "_shared.py").write_text("WORDS = 3\n")
    assert hash_of(module) != before


def test_a_module_without_a_file_is_named_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, MADE_UP, type(sys)(MADE_UP))
    assert hash_of(MADE_UP) == NO_SOURCE


@pytest.mark.parametrize("scenario", SCENARIOS.builtin)
def test_every_probe_and_scenario_has_its_version_in_the_trials(scenario: str) -> None:
    stage = SCENARIOS.load(scenario).stage(Condition())
    parts = versions_of(stage)
    wanted = {type(probe).__module__.removeprefix("allegiance.") for probe in stage.probes}
    assert parts.keys() == {"statements", "probe", f"scenarios.{scenario}"} | wanted
    assert NO_SOURCE not in parts.values()
    configurations = expand(scenarios=[scenario], models=["scripted:loyal"]).configurations
    (trial,) = run(configurations)
    assert trial.judged_by == version_of(parts)


def test_a_probe_more_is_another_version() -> None:
    class Mine:
        id = behaviour = "mine"

    stage: Stage = SCENARIOS.load("stop_order").stage(Condition())
    more = versions_of(replace(stage, probes=(*stage.probes, Mine())))
    assert more.keys() - versions_of(stage).keys() == {__name__}
    assert version_of(more) != version_of(versions_of(stage))


def test_other_processes_find_the_same_versions() -> None:
    code = (
        "import json; from allegiance.play.versions import *; from allegiance.trace import *; "
        "from allegiance.registry import SCENARIOS; "
        "print(json.dumps(versions_of(SCENARIOS.load('stop_order').stage(Condition()))))"
    )
    stage = SCENARIOS.load("stop_order").stage(Condition())
    for seed in "12":
        command = [sys.executable, "-c", code]
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert json.loads(done.stdout) == versions_of(stage)
