"""Every code block of the documents runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SET_UP = ("make ", "pip install", "git clone", "cd ", "python -m venv")


def _blocks(page: Path, language: str) -> list[str]:
    tokens = MarkdownIt().parse(page.read_text(encoding="utf-8"))
    return [t.content for t in tokens if t.type == "fence" and t.info.strip() == language]


def _with(language: str) -> list[Path]:
    return [page for page in PAGES if _blocks(page, language)]


def _name(page: Path) -> str:
    return page.name


@pytest.mark.parametrize("document", _with("python"), ids=_name)
def test_python_blocks_run(document: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)  # where `python -m pytest` runs: examples can be imported
    module = ModuleType(f"docs_{document.stem.replace('-', '_')}")
    sys.modules[module.__name__] = module  # dataclasses look their module up
    for number, block in enumerate(_blocks(document, "python"), 1):
        exec(compile(block, f"{document.name} block {number}", "exec"), module.__dict__)


@pytest.mark.parametrize("document", _with("console"), ids=_name)
def test_console_blocks_run(document: Path, tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    lines = [
        line.removeprefix("$ ")
        for block in _blocks(document, "console")
        for line in block.splitlines()
        if line.startswith("$ ") and not line.removeprefix("$ ").startswith(SET_UP)
    ]
    for line in lines:
        done = subprocess.run(
            line, shell=True, cwd=tmp_path, env={**os.environ, "PATH": path}, capture_output=True
        )
        assert done.returncode == 0, f"{line}\n{done.stdout.decode()}\n{done.stderr.decode()}"


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for token in MarkdownIt().parse(page.read_text(encoding="utf-8")):
            for child in token.children or ():
                target = str(child.attrs.get("href", child.attrs.get("src", ""))).partition("#")[0]
                if target and "://" not in target:
                    assert (page.parent / target).exists(), f"{page.name}: {target}"
