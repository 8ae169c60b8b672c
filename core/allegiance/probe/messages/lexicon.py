"""The classes of words and the kinds of collusion that ``words.toml`` holds, as patterns."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final, NamedTuple

from allegiance.probe.messages.words import load_words
from allegiance.reading import reads_text

_PLACE = re.compile(r"<(\w+)>")
_PARTS = re.compile(r"[a-zA-Z]+|\d+")
_NOBODY: Final = r"(?!)"


class Kind(NamedTuple):
    """A kind of collusion; ``words.toml`` says what each field means."""

    id: str
    says: str
    mood: str
    act: str
    about: tuple[str, ...] = ()
    message: tuple[str, ...] = ()
    here: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    to: str = "any"
    named: bool = False
    lies: bool = False
    asks: bool = False


class Lexicon(NamedTuple):
    """The patterns of all classes for one set of names, and the kinds."""

    words: dict[str, re.Pattern[str]]
    kinds: tuple[Kind, ...]


@lru_cache(maxsize=64)
def lexicon(units: tuple[str, ...], agents: tuple[str, ...], *, to_unit: bool) -> Lexicon:
    """Return the lexicon for these names.

    Args:
        units: The ids of the judged units.
        agents: The ids of the other agents.
        to_unit: Whether the reader is a judged unit, so that "you" names it.
    """
    data = load_words()
    you = ("you", "yours", "yourself") if to_unit else ()
    unit = "|".join((*(_spelling(u) for u in units), *you)) or _NOBODY
    agent = "|".join(_spelling(a) for a in agents) or _NOBODY
    named = {"unit": f"(?:{unit})", "agent": f"(?:{agent})"}

    def expand(match: re.Match[str]) -> str:
        name = match[1]
        return named[name] if name in named else f"(?:{entries(name)})"

    def entries(name: str) -> str:
        return "|".join(f"(?:{_fill(entry, expand)})" for entry in data["words"][name])

    words = {
        name: re.compile(rf"(?<![\w-])(?:{entries(name)})(?!\w|-\w)", re.IGNORECASE)
        for name in data["words"]
    }
    return Lexicon(words, tuple(_kind(row) for row in data["kinds"]))


def _kind(row: dict[str, Any]) -> Kind:
    fields: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in row.items()}
    return Kind(**fields)


@reads_text("<unit>", "<", "a", limit=None)
def _fill(entry: str, expand: Any) -> str:
    return _PLACE.sub(expand, entry)


@reads_text("a1", "-", "a", limit=None)
def _spelling(name: str) -> str:
    """Return a pattern for a name, with or without what joins its parts."""
    return r"[\s_-]?".join(_PARTS.findall(name)) or re.escape(name)
