"""The package of the guard: what it hands on, when it loads it, and which way it imports."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import allegiance.guard
from allegiance.guard import CallRejected, Guard, Watch
from allegiance.guard.decider import Decider, is_built_in

FOLDER = Path(allegiance.guard.__file__).parent


def run(code: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_every_public_name_can_be_the_first_to_be_imported() -> None:
    code = """
import importlib, sys
import allegiance.guard
for name in allegiance.guard.__all__:
    for module in [m for m in sys.modules if m.startswith("allegiance.guard")]:
        del sys.modules[module]
    package = importlib.import_module("allegiance.guard")
    assert name not in vars(package)
    getattr(package, name)
    print(name in vars(package))
"""
    assert run(code) == ["True"] * len(allegiance.guard.__all__)


def test_the_names_are_those_of_the_modules() -> None:
    from allegiance.guard import guard, watch

    assert (Guard, Watch, CallRejected) == (guard.Guard, watch.Watch, watch.CallRejected)
    assert isinstance(Guard([]), Decider)
    with pytest.raises(AttributeError, match="no attribute 'bind'"):
        allegiance.guard.bind  # noqa: B018 - it is in allegiance.bindings


def test_the_package_loads_nothing_by_itself_and_a_guard_no_event_loop() -> None:
    code = """
import sys
import allegiance.guard
print("pydantic" in sys.modules, any(n.startswith("allegiance.guard.") for n in sys.modules))
from allegiance.guard import Guard
Guard([])
for name in ("asyncio", "allegiance.guard.watch", "allegiance.bindings"):
    print(name in sys.modules)
"""
    assert run(code) == ["False"] * 5


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_no_module_but_the_package_imports_the_guard_not_even_for_types(path: Path) -> None:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    known = "allegiance.guard.guard" in names
    assert known is (path.stem == "__init__")
    if path.stem in ("decision", "approval", "decider", "time_limit", "sinks"):
        assert not names & {"allegiance.guard.watch", "allegiance.guard.attachment"}


def test_only_what_ships_with_the_kit_runs_without_a_time_limit() -> None:
    from allegiance.bindings import files
    from allegiance.probes import WeightExfiltration

    assert is_built_in(WeightExfiltration(assets=["models/**"]))
    assert all(is_built_in(binding.effects) for binding in files())
    assert not is_built_in(lambda args: None)
    assert not is_built_in(FOLDER.joinpath)
