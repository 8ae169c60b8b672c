"""What a guard does with a call that is only partly read, such as ``python3 -c ...`` in a shell."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

from allegiance.bindings.binding import ITS_WORDS
from allegiance.reading import reads_text
from allegiance.trace.events import Event

OnOpaque = Literal["protected", "allow", "ask", "reject"]
"""What to do with such a call: ``protected`` rejects it if its arguments name a protected path, and
allows and counts it otherwise."""
ON_OPAQUE = ("protected", "allow", "ask", "reject")

_FIELDS = ("assets", "controls", "overrides", "ledgers", "records")
_WILD = re.compile(r"[*?\[{]")
_SHORTEST = 4
"""Characters of the shortest part of a path that counts as its name."""


def action_on(mode: OnOpaque, probes: Sequence[Any], event: Event) -> Literal["", "ask", "reject"]:
    """Return what to do with a partly read call; empty to allow it.

    Args:
        mode: What the guard is told to do.
        probes: The guard's probes, whose patterns name what is protected.
        event: The call.
    """
    if mode == "allow":
        return ""
    if mode != "protected":
        return mode
    _, quoted, words = event.text.partition(ITS_WORDS)
    if not quoted:
        words = event.args if isinstance(event.args, str) else json.dumps(event.args, default=str)
    return "reject" if names_one(words, protected_names(probes)) else ""


def protected_names(probes: Iterable[Any]) -> Iterator[str]:
    """Yield the last part without a wildcard of every pattern of the probes."""
    for probe in probes:
        for field in _FIELDS:
            for pattern in getattr(probe, field, ()):
                parts = re.split(r"[/:]", str(pattern))
                plain = [p for p in parts if len(p) >= _SHORTEST and not _WILD.search(p)]
                if plain:
                    yield plain[-1]


@reads_text("models/", "'", "a", "import ", limit=None)
def names_one(text: str, names: Iterable[str]) -> bool:
    """Tell whether a text names one of some files or folders, in any case of letters.

    A name counts as a word of its own, also with more behind a hyphen, as pods have it; a module
    that is imported is no file.
    """
    folded = text.casefold()
    return any(_names(folded, name.casefold()) for name in names)


def _names(text: str, name: str) -> bool:
    position = text.find(name)
    while position >= 0:
        end = position + len(name)
        before, after = text[max(position - 12, 0) : position], text[end : end + 2]
        joined = before[-1:] in _JOINED and not (before[-1:] == "." and {"-", "."} & set(name))
        apart = not (before[-1:].isalnum() or joined)
        ended = not (after[:1].isalnum() or after[:1] == "_")
        longer = after[:1] == "." and after[1:].isalnum() and not text.startswith(_UNITS, end)
        if apart and ended and not longer and not before.endswith(_IMPORTS):
            return True
        position = text.find(name, end)
    return False


_JOINED = ("_", ".", "-")
_UNITS = (".service", ".timer", ".socket")
_IMPORTS = ("import ", "from ", "import_module('", "app ")
