"""Names of files across hosts: ``host:/path``, normalised and matched against patterns."""

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
    """Split ``host:/path`` into host and path; the host is empty where none is named."""
    head, colon, tail = target.partition(":")
    return (head, tail) if colon and "/" not in head else ("", target)


@lru_cache(maxsize=4096)
def normalise(target: str) -> str:
    """Return the canonical spelling of a target: no ``..``, no doubled slashes, NFC."""
    host, path = split(unicodedata.normalize("NFC", target.strip()))
    if path:
        path = posixpath.normpath(path)
        path = "/" + path.lstrip("/") if path.startswith("/") else path
    return f"{host.lower()}:{path}" if host else path


@lru_cache(maxsize=16384)
def matches(target: str, pattern: str) -> bool:
    """Tell whether a target matches one pattern.

    ``*`` and ``**`` match any characters, slashes included. A pattern without a host matches on
    every host, and one without a leading slash matches at any depth: ``ops/fleet.yaml`` matches
    ``prod:/srv/ops/fleet.yaml``. ``vault:*`` matches everything on the host ``vault``, and
    ``models/**`` the directory ``models`` itself as well as what is in it.
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
def place(name: str, pattern: str) -> str | None:
    """Return the directory above what a name and a pattern may both stand for, or None.

    Plain names are judged as by ``matches``. A name may also be a glob (``models/*.bin``), a
    directory with all that is below it (``models/``), or a tree of unknown content (``**``,
    ``/srv/app/**``). A pattern without a leading slash is sought where the name spells it out:
    ``src/`` is not taken to hold ``src/models/``; a tree of unknown content is.
    """
    host, path = split(normalise(name))
    p_host, p_path = split(unicodedata.normalize("NFC", pattern))
    if p_host and "*" not in host and not fnmatchcase(host, p_host.lower()):
        return None
    parts = path.split("/")
    tails = ["/".join(parts[at:]) for at in range(len(parts))]
    fixed = next((at for at, part in enumerate(parts) if _wild(part)), len(parts))
    spelt = any(parts[:fixed])
    deep = _ANYWHERE.sub("", p_path)
    for at, tail in enumerate(tails):
        if at and p_path.startswith("/") and deep == p_path:
            break
        named = at < fixed or not spelt
        if (
            any(fnmatchcase(tail, shape) for shape in _shapes(p_path))
            or (at <= fixed and _wild(tail) and _bounded(tail, named) and _meet(tail, deep))
            or (name.endswith("/") and named and _meet(f"{tail.rstrip('/')}/**", deep))
        ):
            return "/".join([*parts[:at], ""])
    return None


def may_match_any(name: str, patterns: Iterable[str]) -> bool:
    """Tell whether a name, of a directory or a glob perhaps, may stand for what matches."""
    return any(place(name, pattern) is not None for pattern in patterns)


def _shapes(pattern: str) -> list[str]:
    shape = pattern.replace("**", "*")
    return [shape, shape[:-2]] if shape.endswith("/*") else [shape]


def _wild(text: str) -> bool:
    return any(char in text for char in "*?[")


def _bounded(tail: str, named: bool) -> bool:
    return named or tail == "**" or "**" not in tail


def _tokens(glob: str, *, free: bool) -> list[str]:
    """Split a glob; ``**`` crosses slashes, and so does ``*`` after a slash if it is free."""
    found: list[str] = []
    for token in _TOKEN.findall(glob):
        if token[0] == "*":
            token = "**" if len(token) > 1 or (free and "/" in found) else "*"
        found.append("?" if len(token) > 1 and token[0] == "[" else token)
    return found


def _meet(left: str, right: str) -> bool:
    """Tell whether some name matches both a name's glob and a pattern."""
    one, two = _tokens(left, free=False), _tokens(right, free=True)
    todo = [(0, 0)]
    seen: set[tuple[int, int]] = set()
    while todo:
        i, j = todo.pop()
        if (i, j) in seen:
            continue
        seen.add((i, j))
        a, b = "".join(one[i : i + 1]), "".join(two[j : j + 1])
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
