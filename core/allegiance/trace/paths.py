"""File names with hosts, ``host:/path``: normalised and matched against patterns.

A name longer than ``LONGEST_NAME`` or deeper than ``DEEPEST`` is refused, as operating systems
refuse it. ``may_match_any`` counts such a name as a match, because nobody can say what it is.
"""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import lru_cache

from allegiance.reading import TooLong, check_length, reads_text

LONGEST_NAME = 4096
"""The longest name in characters, as on Linux."""
DEEPEST = 256
"""The most parts of a path."""

NO_FILES = frozenset(("process", "service", "helm", "crontab"))
"""Hosts whose names are no files: a pattern without a host does not match them."""

_ANYWHERE = re.compile(r"^/?(\*\*?/)+")
_TOKEN = re.compile(r"\*+|\[(?:\[:\w+:\]|[^\]/])+\]|.", re.DOTALL)
_OPEN_TOKEN = re.compile(r"\*+|.", re.DOTALL)
_DELIMITERS = ("/", "*", "[", "]", "?", ":", "..", "a", "a/", "*/", "**/a", "[a", "[:", "models/")


def split(target: str) -> tuple[str, str]:
    """Split ``host:/path`` into host and path; the host is empty if the name has none."""
    head, colon, tail = target.partition(":")
    return (head, tail) if colon and "/" not in head else ("", target)


def check_name(target: str) -> None:
    """Refuse a name that is too long or too deep to be compared.

    Raises:
        TooLong: If it has more than ``LONGEST_NAME`` characters or ``DEEPEST`` parts.
    """
    check_length(target, LONGEST_NAME)
    if (parts := target.count("/")) > DEEPEST:
        raise TooLong(f"the path has {parts:,} parts; at most {DEEPEST:,} are read")


@lru_cache(maxsize=4096)
@reads_text(*_DELIMITERS, "a\u0300\u0327", limit=LONGEST_NAME)
def normalise(target: str) -> str:
    """Return a target in canonical form: no ``..``, no doubled slashes, Unicode NFC.

    Raises:
        TooLong: As ``check_name``.
    """
    check_name(target)  # to put combining characters in order takes quadratic time
    host, path = split(unicodedata.normalize("NFC", target.strip()))
    if path:
        path = posixpath.normpath(path)
        path = "/" + path.lstrip("/") if path.startswith("/") else path
    return f"{host.lower()}:{path}" if host else path


@lru_cache(maxsize=16384)
@reads_text(*_DELIMITERS, limit=LONGEST_NAME)
def matches(target: str, pattern: str) -> bool:
    """Tell whether a target matches one pattern.

    ``*`` and ``**`` match any characters, slashes included. A pattern without a host matches on
    every host. A pattern without a leading slash matches at any depth: ``ops/fleet.yaml`` matches
    ``prod:/srv/ops/fleet.yaml``. ``vault:*`` matches everything on the host ``vault``;
    ``models/**`` matches the directory ``models`` and everything in it.

    Raises:
        TooLong: As ``check_name``.
    """
    target = normalise(target)
    p_host, p_path = split(unicodedata.normalize("NFC", pattern))
    t_host, t_path = split(target)
    if t_host in NO_FILES and not p_host:
        return False
    if p_host and not fnmatchcase(t_host, p_host.lower()):
        return False
    return any(
        fnmatchcase(t_path, shape)
        or (not shape.startswith("/") and fnmatchcase(t_path, f"*/{shape}"))
        for shape in _shapes(p_path)
    )


@lru_cache(maxsize=16384)
@reads_text(*_DELIMITERS, limit=LONGEST_NAME)
def directory_of_matches(name: str, pattern: str) -> str | None:
    """Return the directory of every file that both ``name`` and ``pattern`` may match, or None.

    A plain name is compared as in ``matches``. A name may also be a glob (``models/*.bin``), a
    directory with everything below it (``models/``), or a tree of unknown content (``**``,
    ``/srv/app/**``). A pattern without a leading slash matches only what the name spells out:
    ``src/`` does not match ``src/models/``, but a tree of unknown content does.

    Raises:
        TooLong: As ``check_name``.
    """
    host, path = split(normalise(name))
    p_host, p_path = split(unicodedata.normalize("NFC", pattern))
    if host in NO_FILES and not p_host:
        return None
    if p_host and "*" not in host and not fnmatchcase(host, p_host.lower()):
        return None
    parts = path.split("/")
    starts = [0, *(index + 1 for index, char in enumerate(path) if char == "/")]
    fixed = next((index for index, part in enumerate(parts) if _wild(part)), len(parts))
    spelt = any(parts[:fixed])
    deep = _ANYWHERE.sub("", p_path)
    shapes = _shapes(p_path)
    met = _tails_that_meet(path, deep) if fixed < len(parts) else frozenset()
    below = _tails_that_meet(f"{path.rstrip('/')}/**", deep) if name.endswith("/") else frozenset()
    for index, start in enumerate(starts):
        if index and p_path.startswith("/") and deep == p_path:
            break
        tail = path[start:]
        named = index < fixed or not spelt
        if (
            any(fnmatchcase(tail, shape) for shape in shapes)
            or (index <= fixed and start in met and _wild(tail) and _bounded(tail, named))
            or (named and (start if tail else 0) in below)
        ):
            return "/".join([*parts[:index], ""])
    return None


def may_match_any(name: str, patterns: Iterable[str]) -> bool:
    """Tell whether a name (a file, a directory or a glob) may match at least one pattern.

    A name that is too long to be compared may match any pattern.
    """
    try:
        return any(directory_of_matches(name, pattern) is not None for pattern in patterns)
    except TooLong:
        return True


def _shapes(pattern: str) -> list[str]:
    shape = pattern.replace("**", "*")
    return [shape, shape[:-2]] if shape.endswith("/*") else [shape]


def _wild(text: str) -> bool:
    return any(char in text for char in "*?[")


def _bounded(tail: str, named: bool) -> bool:
    return named or tail == "**" or "**" not in tail


@reads_text(*_DELIMITERS, limit=LONGEST_NAME)
def _split_glob(glob: str) -> list[str]:
    """Split a glob into runs of stars, sets of characters and single characters."""
    check_length(glob, LONGEST_NAME + len("/**"))
    tokens: list[str] = []
    for index, part in enumerate(glob.split("/")):
        tokens += ["/"] if index else []
        # behind the last bracket that closes, no set is looked for: each search would be in vain
        end = part.rfind("]") + 1
        tokens += _TOKEN.findall(part[:end]) + _OPEN_TOKEN.findall(part[end:])
    return tokens


def _kinds(tokens: Iterable[str], *, free: bool) -> list[str]:
    """Return the meaning of tokens. ``**`` crosses slashes; if free, so does ``*`` after one."""
    kinds: list[str] = []
    slash = False
    for token in tokens:
        slash = slash or token == "/"
        if token[0] == "*":
            kinds.append("**" if len(token) > 1 or (free and slash) else "*")
        else:
            kinds.append("?" if len(token) > 1 else token)
    return kinds


def _tails_that_meet(glob: str, pattern: str) -> frozenset[int]:
    """Return where those tails of a glob start that share a string with a pattern.

    A tail is the glob itself or what follows one of its slashes. One pass from the end decides
    about all of them: ``row[j]`` says whether the tail from the current token on shares a string
    with the pattern from its token ``j`` on.
    """
    tokens, second = _split_glob(glob), _kinds(_split_glob(pattern), free=True)
    row = [True]
    for other in reversed(second):
        row.append(row[-1] and other[0] == "*")
    row.reverse()
    start = len(glob)
    starts = {start} if row[0] and glob.endswith("/") else set()
    for token, kind in zip(reversed(tokens), reversed(_kinds(tokens, free=False)), strict=True):
        start -= len(token)
        row = _row_before(kind, second, row)
        if row[0] and (start == 0 or glob[start - 1] == "/"):
            starts.add(start)
    return frozenset(starts)


def _row_before(kind: str, second: list[str], row: list[bool]) -> list[bool]:
    """Return the row of the tail that has one more token in front."""
    star = kind[0] == "*"
    new = [star and row[-1]]
    for j in range(len(second) - 1, -1, -1):
        other = second[j]
        if star and (row[j] or (new[-1] and (kind == "**" or other != "/"))):
            shared = True
        elif other[0] == "*":
            shared = new[-1] or (row[j] and (other == "**" or kind != "/"))
        else:
            same = kind == other or ("?" in (kind, other) and "/" not in (kind, other))
            shared = same and row[j + 1]
        new.append(shared)
    new.reverse()
    return new


def matches_any(target: str, patterns: Iterable[str]) -> bool:
    """Tell whether a target matches at least one of the patterns."""
    for pattern in patterns:  # noqa: SIM110 - takes half the time of any()
        if matches(target, pattern):
            return True
    return False
