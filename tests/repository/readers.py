"""Finds where a text is read: by AST, so that a reader that no test knows of is found too."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = tuple(ROOT / name / "allegiance" for name in ("core", "adapters", "probes", "scenarios"))
PARSERS = ("ast", "re", "json", "yaml", "tomllib", "zipfile", "base64", "zlib")
WRITES = {
    *("json.dumps", "json.dump", "base64.b64encode", "zlib.compress", "zlib.crc32", "re.escape"),
    *("zipfile.ZipInfo", "re.compile", "json.JSONDecoder"),
}
"""What reads no text: it writes one, or makes a reader, whose methods are looked for."""
METHODS = {
    *("match", "fullmatch", "search", "sub", "subn", "findall", "finditer", "split", "scanner"),
    *("raw_decode", "decode"),
}
MARK = "reads_text"


def sources() -> list[Path]:
    return sorted(path for folder in FOLDERS for path in folder.rglob("*.py"))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def patterns() -> frozenset[str]:
    """The names of all compiled patterns at the level of a module."""
    return frozenset(
        target.id
        for path in sources()
        for node in tree(path).body
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
        and any(isinstance(n, ast.Attribute) and n.attr == "compile" for n in ast.walk(node.value))
    )


def reads(module: ast.Module, names: frozenset[str]) -> Iterator[tuple[str, int, bool]]:
    """Yield the function, the line and whether it is marked, of every read of a text."""
    origins = _origins(module)
    yield from _reads(module, names, origins, "", False)


def _reads(
    node: ast.AST, names: frozenset[str], origins: dict[str, str], scope: str, marked: bool
) -> Iterator[tuple[str, int, bool]]:
    for child in ast.iter_child_nodes(node):
        inner, inner_marked = scope, marked
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            inner = f"{scope}.{child.name}".lstrip(".")
            inner_marked = marked or any(_is_mark(d) for d in child.decorator_list)
        if isinstance(child, ast.Call) and _is_read(child, names, origins):
            yield scope, child.lineno, marked
        yield from _reads(child, names, origins, inner, inner_marked)


def _origins(module: ast.Module) -> dict[str, str]:
    """Return what each imported name of a parser stands for: ``ZipFile``: ``zipfile.ZipFile``."""
    origins = {}
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name in PARSERS:
                    origins[alias.asname or alias.name] = alias.name
        elif isinstance(node, ast.ImportFrom) and node.module in PARSERS:
            for alias in node.names:
                origins[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return origins


def _is_read(call: ast.Call, names: frozenset[str], origins: dict[str, str]) -> bool:
    function = call.func
    if isinstance(function, ast.Name):
        return "." in (origin := origins.get(function.id, "")) and origin not in WRITES
    if not isinstance(function, ast.Attribute):
        return False
    if isinstance(function.value, ast.Name):
        if origin := origins.get(function.value.id):
            return f"{origin}.{function.attr}" not in WRITES
        return function.value.id in names and function.attr in METHODS
    # a pattern that is compiled in place
    inner = function.value
    return (
        isinstance(inner, ast.Call)
        and isinstance(inner.func, ast.Attribute)
        and inner.func.attr in ("compile", "JSONDecoder")
    )


def _is_mark(decorator: ast.expr) -> bool:
    function = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(function, ast.Name) and function.id == MARK
