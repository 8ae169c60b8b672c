"""What each package offers: a short docstring, a short list of names, and a page for each name."""

from __future__ import annotations

import ast
import re
import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = sorted(
    ".".join(path.parent.relative_to(ROOT).parts[1:])
    for folder in ("core", "adapters", "probes", "scenarios")
    for path in (ROOT / folder / "allegiance").rglob("__init__.py")
)
MOST_NAMES = 30
MOST_LINES = 12
PUBLIC_PATHS = (
    "allegiance.guard.sinks",
    "allegiance.probes",
    *(
        f"allegiance.adapters.{name}.guard"
        for name in ("autogen", "crewai", "langchain", "langgraph")
    ),
)
"""Modules that documents name as import paths, beside the names of the packages."""


def source(package: str) -> ast.Module:
    spec = import_module("importlib.util").find_spec(package)
    return ast.parse(Path(spec.origin).read_text(encoding="utf-8"))


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_has_a_summary_and_at_most_one_paragraph(package: str) -> None:
    text = ast.get_docstring(source(package))
    assert text, "no docstring"
    summary, *paragraphs = text.split("\n\n")
    assert "\n" not in summary
    assert len(paragraphs) <= 1
    assert len(text.splitlines()) <= MOST_LINES


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_lists_few_names_and_all_of_them_import(package: str) -> None:
    module = import_module(package)
    names = module.__all__
    assert len(names) <= MOST_NAMES
    assert len(set(names)) == len(names)
    assert [name for name in names if not hasattr(module, name)] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_lazy_names_are_loaded_by_attach_alone(package: str) -> None:
    functions = [n.name for n in source(package).body if isinstance(n, ast.FunctionDef)]
    assert not {"__getattr__", "__dir__"} & set(functions)


@pytest.mark.parametrize("package", PACKAGES)
def test_names_for_type_checkers_are_the_names_for_everyone(package: str) -> None:
    """What ``TYPE_CHECKING`` imports under its own name is in ``__all__``, and the other way."""
    for node in source(package).body:
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.orelse:
            imports = [n for n in node.body if isinstance(n, ast.ImportFrom)]
            typed = {a.asname for n in imports for a in n.names if a.asname is not None}
            if typed:
                assert typed == set(import_module(package).__all__)


@pytest.mark.parametrize("path", PUBLIC_PATHS)
def test_public_paths_stay(path: str) -> None:
    assert import_module(path).__doc__


def test_a_lazy_package_lists_its_names_before_they_are_loaded() -> None:
    package = import_module("allegiance.guard")
    assert set(package.__all__) <= set(dir(package))
    with pytest.raises(AttributeError, match=r"module 'allegiance\.guard' has no attribute 'Gard'"):
        _ = package.Gard


def test_every_public_name_is_on_the_page_of_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("griffe", reason="the site's packages are not installed")
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "_site"))
    site_pages = import_module("site_pages")
    for package in site_pages.API:
        names = import_module(f"allegiance.{package}").__all__
        assert names, package
        page = site_pages.api_page(package)
        shown = re.findall(rf"^::: allegiance\.{package}\.(\w+)$", page, re.MULTILINE)
        extra = {p.rpartition(".")[2] for p in site_pages.MODULES.get(package, ())}
        assert set(shown) - extra == set(names)
    pages = {f"api/{name}.md" for name in (*site_pages.API, "adapters")}
    assert pages == {name for name in site_pages.all_pages() if name.startswith("api/")}
    adapters = site_pages.api_page("adapters")
    for path in PUBLIC_PATHS[2:]:
        assert f"::: {path}\n" in adapters
    sys.modules.pop("site_pages")
