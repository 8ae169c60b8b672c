"""Every code block of the documents is executed, or says that it is not and why.

- ``python`` blocks run; one that begins with ``# some/file.py`` is also written to that file.
- ``python`` blocks that define tests are run by pytest.
- ``console`` lines run, in a folder with the files of their page, and must exit with 0, or with
  what a closing ``# exit code N`` says. Lines that set a machine up are not run but looked at.
- ``yaml``, ``toml``, ``json`` are parsed, the entry points of a ``toml`` block installed.
- ``sh`` blocks are not run: they need a key, a package or hours. Each is counted with its reason in
  ``docs/_site/not-run.toml``, the site says so above each, and their options, targets, extras and
  files must exist.
- ``text`` and ``mermaid`` are output and pictures. Any other language, or none, is an error.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import warm_commands
import yaml
from markdown_it import MarkdownIt
from typer.main import get_command

from allegiance.cli import app

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LANGUAGES = {"python", "console", "sh", "yaml", "toml", "json", "jsonc", "text", "mermaid"}
SET_UP = ("make ", "pip install", "git clone", "cd ", "python -m venv")
NOT_RUN = tomllib.loads((ROOT / "docs" / "_site" / "not-run.toml").read_text(encoding="utf-8"))
"""``sh`` blocks by page, with what they need."""

_FILE = re.compile(r"# ([\w/-]+\.(?:py|toml))\n")
_EXIT = re.compile(r"\s+# exit code (\d)$")
_REMARK = re.compile(r"(?:^|(?<=[\s,]))//.*$", re.MULTILINE)
_TEST = re.compile(r"^\s*(?:async )?def test_|^class Test", re.MULTILINE)


def blocks(page: Path, language: str = "") -> list[str]:
    tokens = MarkdownIt().parse(page.read_text(encoding="utf-8"))
    fences = [t for t in tokens if t.type == "fence"]
    return [t.content for t in fences if not language or t.info.split()[:1] == [language]]


def having(language: str) -> list[Path]:
    return [page for page in PAGES if blocks(page, language)]


def commands(page: Path, language: str) -> list[str]:
    """Return the commands of a page: lines that go on behind a backslash are one."""
    text = "\n".join(blocks(page, language)).replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines()]
    if language == "console":
        return [line[2:] for line in lines if line.startswith("$ ")]
    return [line for line in lines if line]


def name(page: Path) -> str:
    return page.name


def write_files(page: Path, folder: Path) -> None:
    """Write the files of a page, and install the entry points that its toml blocks name."""
    for block in [*blocks(page, "python"), *blocks(page, "toml")]:
        if match := _FILE.match(block):
            file = folder / match[1]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block, encoding="utf-8")
    for block in blocks(page, "toml"):
        project = tomllib.loads(block).get("project", {})
        lines = [
            line
            for group, points in project.get("entry-points", {}).items()
            for line in (f"[{group}]", *(f"{point} = {to}" for point, to in points.items()))
        ]
        if lines:
            info = folder / f"{project['name']}-{project['version']}.dist-info"
            info.mkdir()
            (info / "METADATA").write_text(
                f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
            )
            (info / "entry_points.txt").write_text("\n".join(lines) + "\n")


def environment(*paths: Path, cold: bool = False) -> dict[str, str]:
    return {
        **os.environ,
        "PATH": warm_commands.cold_path() if cold else warm_commands.path(),
        "PYTHONPATH": os.pathsep.join(
            [*map(str, paths), *filter(None, [os.environ.get("PYTHONPATH")])]
        ),
    }


def shell(line: str, folder: Path, *, cold: bool) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        line, shell=True, cwd=folder, env=environment(folder, cold=cold), capture_output=True
    )


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_block_has_a_language_that_is_looked_after(page: Path) -> None:
    tokens = MarkdownIt().parse(page.read_text(encoding="utf-8"))
    for token in tokens:
        if token.type == "fence":
            assert token.info.strip() in LANGUAGES, f"{page.name}: a block of {token.info!r}"


@pytest.mark.parametrize("page", having("python"), ids=name)
def test_python_blocks_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(page, tmp_path)
    monkeypatch.chdir(tmp_path)  # what a block writes stays there
    monkeypatch.syspath_prepend(ROOT)  # where `python -m pytest` runs: examples can be imported
    monkeypatch.syspath_prepend(tmp_path)
    module = ModuleType(f"docs_{page.stem.replace('-', '_')}")
    monkeypatch.setitem(sys.modules, module.__name__, module)  # dataclasses look it up
    known = set(sys.modules)
    for number, block in enumerate(blocks(page, "python"), 1):
        exec(compile(block, f"{page.name} block {number}", "exec"), module.__dict__)
    for added in set(sys.modules) - known:
        if str(getattr(sys.modules[added], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[added]


def defining_tests() -> list[tuple[Path, str]]:
    return [
        (page, block) for page in PAGES for block in blocks(page, "python") if _TEST.search(block)
    ]


@pytest.mark.parametrize(("page", "block"), defining_tests(), ids=lambda v: getattr(v, "name", ""))
def test_tests_of_the_pages_pass(page: Path, block: str, tmp_path: Path) -> None:
    if file := _FILE.match(block):
        lines = commands(page, "console")
        assert any(file[1] in line and line.startswith("pytest ") for line in lines)
        return  # the page runs it itself
    (tmp_path / "test_page.py").write_text(block, encoding="utf-8")
    command = ["python", "-m", "pytest", "-p", "no:cacheprovider", "test_page.py"]
    done = subprocess.run(
        [*command, "--allegiance-model", "scripted:loyal"],  # in place of a model with a key
        cwd=tmp_path,
        env=environment(ROOT),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"\b(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) == len(_TEST.findall(block)), done.stdout  # none is left out


@pytest.mark.parametrize("page", having("console"), ids=name)
def test_console_blocks_run(page: Path, tmp_path: Path) -> None:
    """Run the commands of a page; those of README.md start as they do for a user."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    write_files(page, tmp_path)
    for line in commands(page, "console"):
        if line.startswith(SET_UP):
            check(line)
            continue
        code = _EXIT.search(line)
        done = shell(_EXIT.sub("", line), tmp_path, cold=page == PAGES[0])
        said = f"{line}\n{done.stdout.decode()}\n{done.stderr.decode()}"
        assert done.returncode == (int(code[1]) if code else 0), said


@pytest.mark.parametrize("language", ["yaml", "toml", "json", "jsonc"])
def test_data_blocks_can_be_read(language: str) -> None:
    read: dict[str, Any] = {
        "yaml": yaml.safe_load,
        "toml": tomllib.loads,
        "json": json.loads,
        "jsonc": lambda text: json.loads(
            re.sub(r"^\s*//.*$|(?<=[\s,])//.*$", "", text, flags=re.M)
        ),
    }
    for page in PAGES:
        for block in blocks(page, language):
            assert isinstance(read[language](block), (dict, list)), page.name


def test_what_is_not_run_is_counted_with_its_reason() -> None:
    counts = {page.stem: len(blocks(page, "sh")) for page in having("sh")}
    assert counts == {page: entry["blocks"] for page, entry in NOT_RUN.items()}
    for page, entry in NOT_RUN.items():
        if file := entry.get("run_by"):
            assert f"{page}.md" in (ROOT / file).read_text(encoding="utf-8")
        else:
            assert entry["why"]


@pytest.mark.parametrize("page", having("sh"), ids=name)
def test_what_is_not_run_is_right_as_far_as_that_can_be_seen(page: Path) -> None:
    for block in blocks(page, "sh"):
        done = subprocess.run(["bash", "-n", "-c", block], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    for line in commands(page, "sh"):
        check(line)


@cache
def options_of_pytest() -> str:
    command = ["python", "-m", "pytest", "--help"]
    done = subprocess.run(command, env=environment(), cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def check(line: str) -> None:
    """Look at a command that is not run: its options, targets, extras and files must exist."""
    words = shlex.split(line, comments=True)
    if words[0] == "make":
        for target in words[1:]:
            assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE), line
    if words[0] == "allegiance":
        command: Any = get_command(app)
        sub = command.commands[words[1]]
        sub.make_context(words[1], words[2:]).close()
    if words[0] == "pytest" or "-m pytest" in line:
        for option in re.findall(r"(?<!\S)--[a-z][\w-]+", line):
            assert option in options_of_pytest(), f"{line}: {option}"
    if "install" in words:
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        for group in re.findall(r"(?:allegiance|\.)\[([\w,-]+)\]", line):
            assert set(group.split(",")) <= set(extras["optional-dependencies"]), line
    for word in words:
        if re.fullmatch(r"(benchmarks|tests|examples|docs)/[\w/]+\.(py|md)", word):
            assert (ROOT / word).exists(), f"{line}: {word}"


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for token in MarkdownIt().enable("table").parse(page.read_text(encoding="utf-8")):
            for child in token.children or ():
                target = str(child.attrs.get("href", child.attrs.get("src", ""))).partition("#")[0]
                if target and "://" not in target:
                    assert (page.parent / target).exists(), f"{page.name}: {target}"
