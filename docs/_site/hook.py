"""Builds what no file of docs/ holds: generated pages, files of the repository, the navigation."""

from __future__ import annotations

import posixpath
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import site_pages
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
ORDER: dict[str, tuple[str, ...]] = {
    "Start": ("README", "start", "first-gate", "concepts", "glossary", "limits-and-ethics"),
    "Guides": (
        *("guide-model", "guide-orchestration", "guide-production"),
        *(
            "scan",
            "serve",
            "plans",
            "running",
            "providers",
            "scale",
            "ci",
            "guard",
            "guard-autogen",
            "guard-crewai",
            "bindings",
        ),
    ),
    "Reading": ("reading-the-numbers", "statistics", "awareness", "validation", "frameworks"),
    "Scenarios": ("scenarios", "scenarios/*"),
    "Probes": ("probes/*",),
    "Extending": ("extending", "design", "threat-model"),
    "Decisions": ("decisions/*",),
    "Evidence": ("calibration", "believability", "real-model", "real-apps"),
    "Reference": ("cli", "api/*", "repository/*"),
}
"""Pages by section, in order; what is named here and not there is left out, the rest is in More."""

_LINK = re.compile(r"\]\((?!\w+:|#)([^)#\s]+)(#[^)\s]*)?\)")
_FENCE = re.compile(r"^( *)(`{3,}|~{3,}).*?^\1\2[`~]*[ ]*$", re.DOTALL | re.MULTILINE)
_SHELL = re.compile(r"^(?=```sh$)", re.MULTILINE)
_NOT_RUN = tomllib.loads(Path(__file__).with_name("not-run.toml").read_text(encoding="utf-8"))
_LANGUAGES = {".py": "python", ".yml": "yaml", ".yaml": "yaml", ".toml": "toml", ".svg": "xml"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages and the files that pages link to, then lay out the navigation."""
    pages = [f for f in files if f.is_documentation_page()]
    texts = {f.src_uri: f.content_string for f in pages} | site_pages.all_pages()
    generated = site_pages.all_pages()
    for path in _linked(texts):
        generated[_uri(path)] = _repository_page(path)
    for uri, text in generated.items():
        files.append(File.generated(config, uri, content=text))
    config.nav = navigation({f.src_uri for f in files if f.is_documentation_page()})
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point links that leave docs/ to the site's copies, and mark what the tests do not run."""
    uri = page.file.src_uri
    text = _outside_fences(markdown, lambda part: _LINK.sub(lambda m: _moved(m, uri), part))
    if uri == "scenarios.md":
        text += site_pages.index()
    why = _NOT_RUN.get(uri.removesuffix(".md"), {}).get("why")
    mark = f'<p class="not-run">Shown, not run by the tests: {why}.</p>\n\n'
    return _SHELL.sub(mark, text) if why else text


def navigation(uris: set[str]) -> list[Any]:
    """Return the navigation: known pages in order, unknown ones in a section of their own."""
    left = set(uris)
    nav: list[Any] = []
    for section, names in ORDER.items():
        found: list[Any] = []
        for name in names:
            if name.endswith("/*"):
                some = [u for u in sorted(left) if u.startswith(name[:-1])]
                found += [{name[:-2].title(): some}] if name == "repository/*" else some
            else:
                some = [f"{name}.md"] if f"{name}.md" in left else []
                found += some
            left -= set(some)
        nav += [{section: [f for f in found if f != {"Repository": []}]}] if found else []
    return [*nav, {"More": sorted(left)}] if left else nav


def _linked(texts: dict[str, str]) -> list[Path]:
    """Return the files outside docs/ that pages link to, and those that these link to."""
    found: list[Path] = []
    todo = list(texts.items())
    while todo:
        uri, text = todo.pop()
        for target in _targets(text):
            path = _source(target, uri)
            if path is not None and path not in found:
                found.append(path)
                if path.suffix == ".md":
                    todo.append((_uri(path), path.read_text(encoding="utf-8")))
    return sorted(found)


def _targets(text: str) -> Iterator[str]:
    for match in _LINK.finditer(_FENCE.sub("", text)):
        yield match[1]


def _source(target: str, uri: str) -> Path | None:
    """Return the file of the repository outside docs/ that a page's link means, if it does."""
    inside = uri.startswith("repository/")
    folder = posixpath.dirname(uri.removeprefix("repository/") if inside else f"docs/{uri}")
    path = ROOT / posixpath.normpath(posixpath.join(folder, target))
    if path.is_dir() and (path / "README.md").exists():
        path = path / "README.md"
    generated = not inside and not (ROOT / "docs" / uri).exists()
    outside = not path.is_relative_to(ROOT / "docs") and path.is_relative_to(ROOT)
    return path if outside and path.is_file() and not generated else None


def _uri(path: Path) -> str:
    name = path.relative_to(ROOT).as_posix()
    return f"repository/{name}" if path.suffix == ".md" else f"repository/{name}.md"


def _moved(match: re.Match[str], uri: str) -> str:
    target, anchor = match[1], match[2] or ""
    here = posixpath.dirname(uri)
    path = _source(target, uri)
    if path is not None:
        return f"]({posixpath.relpath(_uri(path), here)}{anchor})"
    if uri.startswith("repository/"):  # back into docs/
        folder = posixpath.dirname(uri.removeprefix("repository/"))
        name = posixpath.normpath(posixpath.join(folder, target))
        if name.startswith("docs/"):
            return f"]({posixpath.relpath(name.removeprefix('docs/'), here)}{anchor})"
    return match[0]


def _repository_page(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return text
    language = _LANGUAGES.get(path.suffix, "text")
    return f"# `{path.relative_to(ROOT).as_posix()}`\n\n~~~~{language}\n{text}\n~~~~\n"


def _outside_fences(text: str, change: Any) -> str:
    parts, at = [], 0
    for fence in _FENCE.finditer(text):
        parts += [change(text[at : fence.start()]), fence[0]]
        at = fence.end()
    return "".join([*parts, change(text[at:])])
