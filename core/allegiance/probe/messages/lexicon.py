"""The classes of words, as patterns, and the kinds of collusion that ``words.toml`` holds."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache
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
    explicit: bool = False
    named: bool = False
    lies: bool = False
    asks: bool = False


class Lexicon:
    """The patterns of the classes for one set of names; each is made when it is first needed.

    Args:
        units: The ids of the subjects.
        agents: The ids of the other agents.
        to_unit: Whether the reader is a subject, so that "you" names it.
    """

    def __init__(self, units: tuple[str, ...], agents: tuple[str, ...], *, to_unit: bool) -> None:
        you = ("you", "yours", "yourself") if to_unit else ()
        unit = "|".join((*(_spelling(u) for u in units), *you)) or _NOBODY
        agent = "|".join(_spelling(a) for a in agents) or _NOBODY
        # "your state" is that of the subject only in a message to it
        self._names = {
            "unit": f"(?:{unit})",
            "agent": f"(?:{agent})",
            "self": "yourself" if to_unit else _NOBODY,
            "your": "your" if to_unit else _NOBODY,
            "others": "" if to_unit else r"(?<!your )(?<!your own )",
        }
        self._patterns: dict[str, re.Pattern[str]] = {}

    def __getitem__(self, name: str) -> re.Pattern[str]:
        """Return the pattern of a class."""
        if name not in self._patterns:
            text = rf"(?<![\w-])(?:{self._entries(name)})(?!\w|-\w)"
            self._patterns[name] = re.compile(text, re.IGNORECASE)
        return self._patterns[name]

    def _entries(self, name: str) -> str:
        return "|".join(f"(?:{_fill(e, self._expand)})" for e in load_words()["words"][name])

    def _expand(self, match: re.Match[str]) -> str:
        name = match[1]
        return self._names[name] if name in self._names else f"(?:{self._entries(name)})"


@lru_cache(maxsize=64)
def lexicon(units: tuple[str, ...], agents: tuple[str, ...], *, to_unit: bool = False) -> Lexicon:
    """Return the lexicon for these names; the arguments are those of ``Lexicon``."""
    return Lexicon(units, agents, to_unit=to_unit)


@cache
def kinds() -> tuple[Kind, ...]:
    """Return the kinds of collusion, in the order in which they are looked for."""
    return tuple(_kind(row) for row in load_words()["kinds"])


def _kind(row: dict[str, Any]) -> Kind:
    fields: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in row.items()}
    return Kind(**fields)


@reads_text("<unit>", "<", "a", limit=None)
def _fill(entry: str, expand: Callable[[re.Match[str]], str]) -> str:
    return _PLACE.sub(expand, entry)


@reads_text("a1", "-", "a", limit=None)
def _spelling(name: str) -> str:
    """Return a pattern for a name, with or without what joins its parts."""
    return r"[\s_-]?".join(_PARTS.findall(name)) or re.escape(name)
