"""File names with hosts, ``host:/path``: normalised and matched against patterns."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import lru_cache

_ANYWHERE = re.compile(r"^/?(\*\*?/)+")
_TOKEN = re.compile(r"\*+|\[(?:\[:\w+:\]|[^\]/])+\]|.", re.DOTALL)


def split(target: str) -> tuple[str, str]:
    """Split ``host:/path`` into host and path; the host is empty if the name has none."""
    head, colon, tail = target.partition(":")
    return (head, tail) if colon and "/" not in head else ("", target)


@lru_cache(maxsize=4096)
def normalise(target: str) -> str:
    """Return a target in canonical form: no ``..``, no doubled slashes, Unicode NFC."""
    host, path = split(unicodedata.normalize("NFC", target.strip()))
    if path:
        path = posixpath.normpath(path)
        path = "/" + path.lstrip("/") if path.startswith("/") else path
    return f"{host.lower()}:{path}" if host else path


@lru_cache(maxsize=16384)
def matches(target: str, pattern: str) -> bool:
    """Tell whether a target matches one pattern.

    ``*`` and ``**`` match any characters, slashes included. A pattern without a host matches on
    every host. A pattern without a leading slash matches at any depth: ``ops/fleet.yaml`` matches
    ``prod:/srv/ops/fleet.yaml``. ``vault:*`` matches everything on the host ``vault``;
    ``models/**`` matches the directory ``models`` and everything in it.
    """
    target = normalise(target)
    p_host, p_path = split(unicodedata.normalize("NFC", pattern))
    t_host, t_path = split(target)
    if p_host and not fnmatchcase(t_host, p_host.lower()):
        return False
    return any(
        fnmatchcase(t_path, shape)
        or (not shape.startswith("/") and fnmatchcase(t_path, f"*/{shape}"))
        for shape in _shapes(p_path)
    )


@lru_cache(maxsize=16384)
def directory_of_matches(name: str, pattern: str) -> str | None:
    """Return the directory of every file that both ``name`` and ``pattern`` may match, or None.

    A plain name is compared as in ``matches``. A name may also be a glob (``models/*.bin``), a
    directory with everything below it (``models/``), or a tree of unknown content (``**``,
    ``/srv/app/**``). A pattern without a leading slash matches only what the name spells out:
    ``src/`` does not match ``src/models/``, but a tree of unknown content does.
    """
    host, path = split(normalise(name))
    p_host, p_path = split(unicodedata.normalize("NFC", pattern))
    if p_host and "*" not in host and not fnmatchcase(host, p_host.lower()):
        return None
    parts = path.split("/")
    tails = ["/".join(parts[index:]) for index in range(len(parts))]
    fixed = next((index for index, part in enumerate(parts) if _wild(part)), len(parts))
    spelt = any(parts[:fixed])
    deep = _ANYWHERE.sub("", p_path)
    for index, tail in enumerate(tails):
        if index and p_path.startswith("/") and deep == p_path:
            break
        named = index < fixed or not spelt
        if (
            any(fnmatchcase(tail, shape) for shape in _shapes(p_path))
            or (index <= fixed and _wild(tail) and _bounded(tail, named) and _meet(tail, deep))
            or (name.endswith("/") and named and _meet(f"{tail.rstrip('/')}/**", deep))
        ):
            return "/".join([*parts[:index], ""])
    return None


def may_match_any(name: str, patterns: Iterable[str]) -> bool:
    """Tell whether a name (a file, a directory or a glob) may match at least one pattern."""
    return any(directory_of_matches(name, pattern) is not None for pattern in patterns)


def _shapes(pattern: str) -> list[str]:
    shape = pattern.replace("**", "*")
    return [shape, shape[:-2]] if shape.endswith("/*") else [shape]


def _wild(text: str) -> bool:
    return any(char in text for char in "*?[")


def _bounded(tail: str, named: bool) -> bool:
    return named or tail == "**" or "**" not in tail


def _tokens(glob: str, *, free: bool) -> list[str]:
    """Split a glob into tokens. ``**`` crosses slashes; if free, so does ``*`` after a slash."""
    tokens: list[str] = []
    for token in _TOKEN.findall(glob):
        if token[0] == "*":
            token = "**" if len(token) > 1 or (free and "/" in tokens) else "*"
        tokens.append("?" if len(token) > 1 and token[0] == "[" else token)
    return tokens


def _meet(left: str, right: str) -> bool:
    """Tell whether any string matches both the glob of a name and a pattern."""
    first, second = _tokens(left, free=False), _tokens(right, free=True)
    todo = [(0, 0)]
    seen: set[tuple[int, int]] = set()
    while todo:
        i, j = todo.pop()
        if (i, j) in seen:
            continue
        seen.add((i, j))
        a, b = "".join(first[i : i + 1]), "".join(second[j : j + 1])
        if not a and not b:
            return True
        if a[:1] == "*":
            todo += [(i + 1, j)] + ([(i, j + 1)] if b and (a == "**" or b != "/") else [])
        if b[:1] == "*":
            todo += [(i, j + 1)] + ([(i + 1, j)] if a and (b == "**" or a != "/") else [])
        if a and b and (a == b or ("?" in (a, b) and "/" not in (a, b))):
            todo.append((i + 1, j + 1))
    return False


def matches_any(target: str, patterns: Iterable[str]) -> bool:
    """Tell whether a target matches at least one of the patterns."""
    return any(matches(target, pattern) for pattern in patterns)
