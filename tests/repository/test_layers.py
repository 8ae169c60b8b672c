"""Imports go down, deferred and TYPE_CHECKING ones included, and what is imported stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = {name: ROOT / name / "allegiance" for name in ("core", "adapters", "probes", "scenarios")}
LONGEST = 300

ORDER = (
    "errors",
    "lazy",
    "reading",
    "registry",
    "trace",
    "statements",
    "stats",
    "world",
    "probe",
    "shell",
    "bindings",
    "terminal",
    "scenario",
    "provider",
    "guard",
    "experiment",
    "store",
    "play",
    "run",
    "analysis",
    "judge",
    "report",
    "export",
    "gate",
    "service",
    "scan",
    "probes",
    "scenarios",
    "adapters",
    "testing",
    "pytest_plugin",
    "cli",
)
"""Every package and module of the house, from the ground up; docs/design.md describes each."""

# packages whose place in the order would let them import more than they may
ONLY = {
    "probes": {"errors", "lazy", "reading", "trace", "statements", "stats", "probe", "probes"},
    "scenarios": set(ORDER[: ORDER.index("scenario") + 1]) | {"probes", "scenarios"},
    "adapters": set(ORDER[: ORDER.index("play") + 1]) | {"adapters", "judge"},
    "shell": {"errors", "lazy", "reading", "trace", "shell"},
}


def sources() -> list[Path]:
    return sorted(path for folder in FOLDERS.values() for path in folder.rglob("*.py"))


def label(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts[1:]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module(path): path for path in sources()}


def package(name: str) -> str:
    """Return the entry of ``ORDER`` that a module belongs to."""
    return name.split(".")[1]


@cache
def imports(path: Path) -> frozenset[str]:
    """Return our modules that a file imports anywhere: in functions and for type checks too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{label(path)}: a relative import"
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            modules = inside & MODULES.keys()
            names |= modules
            if inside - modules:
                names.add(str(node.module))
    return frozenset(names & MODULES.keys())


def test_the_list_names_every_package_once() -> None:
    assert sorted(ORDER) == sorted({package(name) for name in MODULES})


@pytest.mark.parametrize("path", sources(), ids=label)
def test_imports_go_down(path: Path) -> None:
    place = package(module(path))
    rank = ORDER.index(place)
    allowed = ONLY.get(place, set(ORDER[: rank + 1]))
    upward = {name for name in imports(path) if package(name) not in allowed}
    assert upward == set()


def test_no_module_needs_itself() -> None:
    """Take away what imports nothing that is left, until only circles are left."""
    needs = {name: imports(path) - {name} for name, path in MODULES.items()}
    while free := {name for name, others in needs.items() if not others & needs.keys()}:
        for name in free:
            del needs[name]
    assert sorted(needs) == []


@pytest.mark.parametrize("path", sorted(FOLDERS["probes"].rglob("*.py")), ids=label)
def test_probes_do_not_know_each_other(path: Path) -> None:
    others = {name for name in imports(path) if package(name) == "probes"}
    assert not others or path.name == "__init__.py"


def test_the_namespace_belongs_to_nobody_and_holds_this_checkout_alone() -> None:
    import allegiance

    assert [label(f) for folder in FOLDERS.values() for f in folder.glob("__init__.py")] == []
    assert set(FOLDERS) == {f.parents[0].name for f in ROOT.glob("*/allegiance") if f.is_dir()}
    roots = {Path(path).resolve() for path in allegiance.__path__}
    assert roots == {folder.resolve() for folder in FOLDERS.values()}


@pytest.mark.parametrize("path", sources(), ids=label)
def test_a_module_says_what_it_is_and_is_not_long(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), "no docstring"
    assert len(text.splitlines()) <= LONGEST


@pytest.mark.parametrize("folder", ["tests", "benchmarks", "examples"])
def test_no_other_python_file_is_long(folder: str) -> None:
    lengths = {
        label(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in (ROOT / folder).rglob("*.py")
    }
    assert lengths
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_every_folder_of_the_core_is_a_package() -> None:
    folders = {path.parent for path in FOLDERS["core"].rglob("*.py")} - {FOLDERS["core"]}
    assert [label(f) for f in sorted(folders) if not (f / "__init__.py").exists()] == []


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
    "tree_sitter",
    "typer",
}


def loaded(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sorted(sys.modules))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.split())


def test_the_core_loads_no_framework_and_nothing_heavy() -> None:
    lower = ORDER[: ORDER.index("analysis")]
    names = [n for n in MODULES if package(n) in lower and n not in LAZY]
    assert not loaded("import " + ", ".join(names)) & HEAVY


LAZY = {"allegiance.run.ray"}
"""Modules that need an extra and are imported by who uses them."""


def test_the_command_line_loads_what_it_shows_help_with_and_no_more() -> None:
    allowed = {"typer", "rich"}
    assert not loaded("import allegiance.cli") & ((HEAVY | {"pydantic"}) - allowed)


def test_probes_and_scenarios_load_no_framework() -> None:
    modules = loaded("import allegiance.probes; import allegiance.scenarios.stop_order")
    assert not modules & (HEAVY - {"allegiance.probes", "allegiance.scenarios"})


def test_a_guard_does_not_load_what_a_whole_trial_is_recorded_in() -> None:
    modules = loaded("from allegiance.guard import Guard; from allegiance.trace import Effect")
    assert "allegiance.trace.trials" not in modules
