"""Names of tools and arguments in any spelling, led back to a folded form.

``mcp__filesystem__write_file``, ``filesystem-write_file``, ``fs.writeFile`` and ``Write File`` are
the same tool behind different prefixes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

from allegiance.reading import reads_text

LONGEST_TOOL = 200
"""Characters of the longest name of a tool that is folded."""

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_OTHER = re.compile(r"[\W_]+")
_STRONG = re.compile(r"__+|[./:]|::|-(?=[a-z]+_)")
_WRAPPERS = ("input", "params", "kwargs", "arguments", "args", "tool_input", "action", "payload")


@reads_text("mcp__a__", "_", "-", ".", "aB", " ", limit=None)
def fold(name: str) -> str:
    """Return a name in lower case, its words joined by single underscores."""
    return _OTHER.sub("_", _CAMEL.sub("_", name)).strip("_").lower()


def resolve(name: str, known: Collection[str]) -> str:
    """Return which of some folded names a tool's name stands for, or an empty string.

    A prefix is dropped: any before ``__``, ``.``, ``/`` or ``:``, and one that is joined with a
    single ``_`` or ``-`` if the rest has more than one word or the prefix is a known server.

    Args:
        name: The name of a tool.
        known: Folded names.
    """
    return _resolve(name, frozenset(known) if not isinstance(known, frozenset) else known)


@lru_cache(maxsize=2048)
@reads_text("mcp__a__", "_", "-", ".", "aB", " ", limit=None)
def _resolve(name: str, known: frozenset[str]) -> str:
    if len(name) > LONGEST_TOOL:
        return ""
    whole = fold(name)
    if whole in known:
        return whole
    pieces = _STRONG.split(name)
    for number in range(1, len(pieces)):
        rest = fold("_".join(pieces[number:]))
        if rest in known:
            return rest
    words = whole.split("_")
    for number in range(1, len(words)):
        rest = "_".join(words[number:])
        if rest in known and (number < len(words) - 1 or words[number - 1] in _SERVERS):
            return rest
    # the name of a tool is often followed by what it is
    for ending in ("_tool", "_function", "_action", "_command", "_v2"):
        if whole.endswith(ending) and whole != ending:
            return _resolve(whole.removesuffix(ending), known)
    return ""


_SERVER_NAMES = (
    "mcp filesystem fs file files git github gitlab slack fetch puppeteer playwright "
    "postgres sqlite mysql kubernetes k8s docker aws developer shell terminal commander "
    "server tools functions default local remote sandbox computer system claude code "
    "container linux host workspace editor os core builtin e2b"
)
_SERVERS = frozenset(_SERVER_NAMES.split())


def fold_args(args: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments by their folded names; arguments inside a single wrapper are unwrapped."""
    folded: dict[str, Any] = {}
    for key, value in args.items():
        folded.setdefault(fold(str(key)[:LONGEST_TOOL]), value)
    for wrapper in _WRAPPERS:
        inner = folded.get(wrapper)
        if isinstance(inner, Mapping):
            for key, value in inner.items():
                folded.setdefault(fold(str(key)[:LONGEST_TOOL]), value)
    return folded
