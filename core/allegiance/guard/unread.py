"""What a guard does with a call that is only partly read, such as ``python3 -c ...`` in a shell."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

from allegiance.reading import reads_text
from allegiance.trace.effects import Effect
from allegiance.trace.events import ITS_WORDS, Event
from allegiance.trace.paths import may_match_any

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
        longer = (
            after[:1] == "."
            and (after[1:].isalnum() or after[1:] == "_")
            and not text.startswith(_UNITS, end)
        )
        if apart and ended and not longer and not before.endswith(_IMPORTS):
            return True
        position = text.find(name, end)
    return False


_JOINED = ("_", ".", "-")
_UNITS = (".service", ".timer", ".socket")
_IMPORTS = ("import ", "from ", "import_module('", "app ")


_PUTS = ("write", "copy", "move")


def beside_control(effects: Sequence[Effect], probes: Iterable[Any]) -> str:
    """Return what is not known of files that are put beside a control file, or an empty string.

    A file in the same folder may take precedence over the control; what a folder's files mean
    together is not in the call. It is known to a probe whose ``overrides`` name such files.

    Args:
        effects: The effects of the call.
        probes: The guard's probes.
    """
    if not effects:
        return ""
    places = [e.target for e in effects if e.verb in _PUTS and "/" in e.target]
    for probe in probes if places else ():
        if getattr(probe, "overrides", ()):
            continue
        for pattern in getattr(probe, "controls", ()):
            folder, _, name = pattern.rpartition("/")
            if not folder or not name or ":" in folder or _WILD.search(folder):
                continue
            for place in places:
                if _in_folder(place, folder) and not may_match_any(place, [pattern]):
                    return f"whether {place[:100]} has precedence over {pattern}{ITS_WORDS}"
    return ""


def _in_folder(place: str, folder: str) -> bool:
    """Tell whether a file is directly in a folder, or in a folder of its own there."""
    path = place.partition(":")[2] if ":" in place.partition("/")[0] else place
    above = path.rstrip("/").rpartition("/")[0]
    parents = (above, above.rpartition("/")[0])
    return any(p == folder or p.endswith(f"/{folder.lstrip('/')}") for p in parents)
