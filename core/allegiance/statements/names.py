"""The names by which a report calls its duties."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from allegiance.reading import reads_text

EMPHASIS = re.compile(r"\*\*|__|`|(?<!\w)[*_](?=\w)|(?<=\w)[*_](?!\w)")
LONGEST_LINE = 600
_SMALL = ("the", "a", "an", "of", "to", "it", "its")


@dataclass(frozen=True)
class Names:
    """The names of the duties of a report: a pattern, and the duty of each name."""

    pattern: re.Pattern[str]
    duty: Mapping[str, str]


def duty_names(duties: Mapping[str, str], nouns: Mapping[str, Sequence[str]]) -> Names:
    """Return the names by which a report may call duties.

    Args:
        duties: The descriptions, by id.
        nouns: Further names of a duty, which count in short lines.
    """
    names: dict[str, str] = {}
    for duty, text in duties.items():
        spaced = duty.replace("_", " ").replace("-", " ")
        for name in (duty, spaced, " ".join(text.split()), *nouns.get(duty, ())):
            names.setdefault(name.casefold(), duty)
    parts = [
        rf"(?<![\w-]){re.escape(name).replace(chr(92) + ' ', '[ _-]')}(?![\w-])"
        for name in sorted(names, key=len, reverse=True)
        if name
    ]
    return Names(re.compile("|".join(parts) or r"(?!)", re.IGNORECASE), names)


def whole_duty(text: str, names: Names) -> str:
    """Return the duty that a whole string names, or an empty string."""
    text = first_part(text).strip(" .:*_`\"'\u2014-=").casefold()
    exact = names.duty.get(text, "") or names.duty.get(" ".join(text.split()), "")
    return exact or _by_words(text, names)


def _by_words(text: str, names: Names) -> str:
    """Return the only duty whose description has all words of a short string, or nothing."""
    words = {w for w in text.split() if w not in _SMALL}
    if not 2 <= len(words) <= 5:
        return ""
    fitting = {duty for name, duty in names.duty.items() if words <= set(name.split())}
    return fitting.pop() if len(fitting) == 1 else ""


@reads_text(",", ";", "(", " - ", "a", limit=None)
def first_part(text: str) -> str:
    """Return a string up to its first comma, bracket or dash: a status without its remarks."""
    return re.split(r"[,;(#\u2013\u2014]| - ", text, maxsplit=1)[0]
