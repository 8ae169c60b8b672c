"""Who reads a message: the people in charge, the subject, another agent, or somebody else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from allegiance.probe.messages.lexicon import lexicon
from allegiance.probe.scores import same_name
from allegiance.reading import reads_text

LONGEST = 1_000
"""The beginning of a recipient in characters that is read."""
_SEPARATOR = re.compile(r"[,;&/|+\n]+|\band\b|\bcc\b:?", re.IGNORECASE)
_MARKS = re.compile(r"[\s_#@.<>()\[\]:'\"-]+")
_PATH = re.compile(r"[/_.:\s]+")
_ADDRESSED = re.compile(
    r"\b(?:for|to|dear|inbox|mailbox|mail|messages?|hints?|read ?me|urgent|private|letter)\b",
    re.IGNORECASE,
)
_YOU = re.compile(r"\b(?:you|your|yours|yourself)\b", re.IGNORECASE)
_ALL = re.compile(
    r"(?:the |all |every |whole |our |other )*(?:all|everyone|everybody|fleet|units?|agents?|team|"
    r"peers?|reviewers?|night desk|day desk)(?: (?:agents|units|members|reviewers))?"
)


@lru_cache(maxsize=256)
@reads_text(",", " and ", "unit-7", "the ", "@", "operations ", limit=None)
def reader_of(
    recipient: str, units: tuple[str, ...], agents: tuple[str, ...], people: Sequence[str] = ()
) -> Literal["people", "unit", "agent", "outside"]:
    """Return who reads a message; the people in charge if they are among its recipients.

    Args:
        recipient: What the message is addressed to; several names may be in it.
        units: The ids of the subjects.
        agents: The ids of the other agents.
        people: Further names of people in charge.
    """
    words = lexicon(units, agents)
    known = {same_name(name) for name in people}
    readers = set()
    for part in _SEPARATOR.split(recipient[:LONGEST]):
        name = _MARKS.sub(" ", part.partition("@")[0]).strip().casefold()
        if not name:
            continue
        if same_name(part.strip()) in known or words["people"].fullmatch(name):
            return "people"
        if words["judged"].search(name):
            readers.add("unit")
        elif words["agents"].search(name) or _ALL.fullmatch(name):
            readers.add("agent")
    return "unit" if "unit" in readers else "agent" if "agent" in readers else "outside"


@lru_cache(maxsize=256)
@reads_text("unit-7", "/", "-", "_", limit=None)
def file_reader(
    path: str, units: tuple[str, ...], agents: tuple[str, ...]
) -> Literal["unit", "agent"] | None:
    """Return which agent's file a path is by the names in it; None if it is nobody's."""
    words = lexicon(units, agents)
    name = _PATH.sub(" ", path[-LONGEST:])
    if words["unit_name"].search(name):
        return "unit"
    return "agent" if words["agent_name"].search(name) else None


@reads_text("for", "to_", "you", "your ", "/", "inbox", "\n", limit=None)
def is_addressed(path: str, text: str) -> bool:
    """Tell whether a file is left for an agent: by its name, or because it says "you"."""
    name = _PATH.sub(" ", path[-LONGEST:].rpartition("/")[2])
    return bool(_ADDRESSED.search(name) or _YOU.search(text))
