"""Imports go down only, and what is imported stays light."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import warnings
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = {name: ROOT / name / "allegiance" for name in ("core", "adapters", "probes", "scenarios")}
WIRE = {"effects", "trace", "record", "arm", "paths", "errors", "settings", "duty", "model_names"}
PACKAGES = ("allegiance.adapters", "allegiance.probes", "allegiance.scenarios")
LONG, LONGEST = 300, 400

# what no module of the core may import, directly or through another, at module level
FORBIDDEN = {
    "probe": {"guard", "world", "recorder", "scenario"},
    "world": {"probe", "guard", "tool", "recorder", "scenario"},
    "tool": {"recorder", "guard", "scenario"},
    "guard.decision": {"guard.approval", "guard.decider", "guard.watch", "guard.guard"},
    "guard.decider": {"guard.watch", "guard.attachment", "guard.guard", "tool", "world"},
    "guard.boundary": {"guard.watch", "guard.guard", "recorder", "scenario"},
    "guard.watch": {"guard.attachment", "guard.guard", "recorder", "scenario"},
    "guard.sinks": {"guard.decider", "guard.guard", "recorder", "scenario"},
    "guard.guard": {"recorder", "scenario", "trial", "run", "adapter"},
    "guard.attachment": {"guard.guard", "recorder", "scenario", "trial", "run", "adapter"},
    "scenario": {"recorder", "trial", "run", "adapter", "models"},
    "recorder": {"guard.watch", "guard.guard", "trial", "run", "adapter", "session", "stats"},
    "stats": {"trial", "run", "cli", "table"},
    "run": {"cli", "table", "execute", "workers"},
    "trial": {"cli", "table", "execute", "workers", "run", "meter", "prices", "store"},
    "limits": {"plan", "scenario", "experiment", "manifest", "trial", "run"},
    "experiment": {"manifest", "store", "trial", "run", "meter", "prices"},
    "prices": {"experiment", "estimate", "trial", "run"},
    "judgement": {"trial", "run", "recorder", "store"},
    "merge_runs": {"trial", "run", "resume", "rescore"},
    "guess": {"run", "store", "cli"},
    "containment": {"table", "gate", "execute", "cli"},
    "execute": {"progress", "table", "cli"},
    "kinds": {"tally", "columns", "store", "reading"},
    "columns": {"tally", "table"},
    "outcome": {"trial", "run", "recorder"},
    "ask": {"trial", "run", "adapter", "models", "cli"},
    "sequential": {"trial", "run", "gate", "schedule"},
    "verdicts": {"trial", "run", "gate", "schedule"},
}


def sources() -> list[Path]:
    return sorted(path for folder in FOLDERS.values() for path in folder.rglob("*.py"))


def label(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts[1:]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def imports(path: Path, *, everywhere: bool) -> set[str]:
    """Return the modules that a file imports: at its top level, or anywhere but for type checks."""
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            for child in node.orelse:
                visit(child)
            return
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)) and not everywhere:
            return
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{label(path)}: a relative import"
            base = node.module or ""
            inside = [f"{base}.{alias.name}" for alias in node.names]
            found.update(name if name in MODULES else base for name in inside)
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(path.read_text(encoding="utf-8")))
    return found


MODULES = {module(path) for path in sources()}
CORE = {module(path) for path in FOLDERS["core"].rglob("*.py")}


def core(names: set[str]) -> set[str]:
    """Return those names that are modules of the core, without the package's name."""
    return {name.removeprefix("allegiance.") for name in names & CORE}


def within(names: set[str], packages: set[str]) -> set[str]:
    """Return those names that are one of the modules or packages, or inside one of them."""
    return {n for n in names for p in packages if n == p or n.startswith(f"{p}.")}


@cache
def needs(start: str) -> set[str]:
    """Return the modules of the core that importing one of them imports."""
    seen: set[str] = set()
    todo = {start}
    while todo:
        name = todo.pop()
        seen.add(name)
        path = FOLDERS["core"].joinpath(*name.split(".")).with_suffix(".py")
        path = path if path.exists() else path.with_suffix("") / "__init__.py"
        todo |= core(imports(path, everywhere=False)) - seen
    return seen - {start}


@pytest.mark.parametrize("name", sorted(WIRE))
def test_wire_types_import_nothing_above_them(name: str) -> None:
    path = FOLDERS["core"] / f"{name}.py"
    assert core(imports(path, everywhere=True)) <= WIRE


@pytest.mark.parametrize("path", sorted(FOLDERS["probes"].rglob("*.py")), ids=label)
def test_probes_import_wire_types_and_the_probe_protocol(path: Path) -> None:
    found = {n for n in imports(path, everywhere=True) if n.partition(".")[0] == "allegiance"}
    mine = {n for n in found if n.startswith("allegiance.probes")}
    allowed = WIRE | {"probe"} | ({"stats"} if path.stem == "alignment_faking" else set())
    assert {n.removeprefix("allegiance.") for n in found - mine} <= allowed
    assert not mine or path.name == "__init__.py", "probes do not know each other"


@pytest.mark.parametrize("path", sorted(FOLDERS["adapters"].rglob("*.py")), ids=label)
def test_adapters_import_neither_scenarios_nor_probes(path: Path) -> None:
    found = imports(path, everywhere=True)
    assert not [n for n in found if n.startswith(("allegiance.scenarios", "allegiance.probes"))]


@pytest.mark.parametrize("path", sorted(FOLDERS["scenarios"].rglob("*.py")), ids=label)
def test_scenarios_import_no_adapter_and_nothing_that_plays_them(path: Path) -> None:
    found = imports(path, everywhere=True)
    assert not [n for n in found if n.startswith("allegiance.adapters")]
    above = {"recorder", "guard", "session", "trial", "run", "models", "adapter"}
    assert not within(core(found), above)


@pytest.mark.parametrize("path", sorted(FOLDERS["core"].rglob("*.py")), ids=label)
def test_the_core_imports_none_of_the_three_at_module_level(path: Path) -> None:
    assert not [n for n in imports(path, everywhere=False) if n.startswith(PACKAGES)]


@pytest.mark.parametrize("name", FORBIDDEN)
def test_layers_of_the_core(name: str) -> None:
    assert not within(needs(name), FORBIDDEN[name])


def test_no_module_of_the_core_needs_itself() -> None:
    names = core(MODULES)
    circles = {name for name in names for other in needs(name) if name in needs(other)}
    assert circles == set()


def test_the_namespace_belongs_to_nobody() -> None:
    assert [label(f) for folder in FOLDERS.values() for f in folder.glob("__init__.py")] == []
    assert set(FOLDERS) == {f.parents[0].name for f in ROOT.glob("*/allegiance") if f.is_dir()}


@pytest.mark.parametrize("path", sources(), ids=label)
def test_a_module_says_what_it_is_and_is_not_long(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), "no docstring"
    if (lines := len(text.splitlines())) > LONG:
        warnings.warn(f"{label(path)} has {lines} lines", stacklevel=1)
    assert lines <= LONGEST


HEAVY = {
    "allegiance.adapters",
    "allegiance.probes",
    "allegiance.scenarios",
    "autogen_agentchat",
    "autogen_core",
    "crewai",
    "duckdb",
    "hypothesis",
    "jinja2",
    "langchain",
    "langchain_core",
    "langgraph",
    "numpy",
    "openai",
    "pyarrow",
    "pytest",
    "ray",
    "rich",
    "scipy",
    "statsmodels",
    "tenacity",
    "typer",
}


def loaded(statement: str) -> set[str]:
    code = f"import json, sys; {statement}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(json.loads(done.stdout))


def test_the_core_loads_no_framework_and_nothing_heavy() -> None:
    names = [*sorted(WIRE), "probe", "guard.guard", "scenario", "recorder", "run", "trial", "stats"]
    statement = "import " + ", ".join(f"allegiance.{name}" for name in names)
    assert not loaded(statement) & HEAVY


def test_the_command_line_loads_what_it_shows_help_with_and_no_more() -> None:
    allowed = {"typer", "rich"}
    assert not loaded("import allegiance.cli") & ((HEAVY | {"pydantic"}) - allowed)


def test_probes_and_scenarios_load_no_framework() -> None:
    found = loaded("import allegiance.probes; import allegiance.scenarios.stop_order")
    assert not found & (HEAVY - {"allegiance.probes", "allegiance.scenarios"})


def test_what_a_whole_trial_is_recorded_in_is_loaded_when_it_is_asked_for() -> None:
    code = """
import sys
import allegiance.guard.guard, allegiance.trace
print("allegiance.record" in sys.modules)
from allegiance.trace import SCHEMA, Awareness, Place, Tally, Trace, Trial, Usage, counted
import allegiance.record
print(all(vars(allegiance.record)[name] is value for name, value in list(globals().items())
          if name in vars(allegiance.record) and not name.startswith("_")))
print(hasattr(allegiance.trace, "Iterable"))
"""
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert run.stdout.split() == ["False", "True", "False"]
