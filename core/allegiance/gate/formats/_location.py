"""Where in a repository a ruling points: to the user's app if it is known, else to the trial."""

from __future__ import annotations

import ast
from pathlib import Path

from allegiance.gate.ruling import Ruling


def location(ruling: Ruling, source: str) -> tuple[str, int]:
    """Return a path, relative to the working directory if possible, and a line from 1."""
    module, _, name = ruling.key.configuration.app.partition(":")
    path = Path(*module.split(".")).with_suffix(".py") if module else None
    if path is not None and path.is_file():
        return path.as_posix(), _line(path, name)
    line = ruling.evidence[0].line if ruling.evidence else 1
    return relative(source), line


def relative(source: str) -> str:
    """Return a path as CI services expect it: with slashes, relative to the working directory."""
    path = Path(source)
    try:
        return path.resolve().relative_to(Path.cwd().resolve()).as_posix()
    except ValueError:
        return path.as_posix()


def _line(path: Path, name: str) -> int:
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError):
        return 1
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            return node.lineno
    return 1
