"""The names of a house in a text, replaced by those that the readers of statements know.

The rules of the readers were made on the words of one company. What another company calls by names
of its own, such as its hosts, is read as if it had the names of the first.
"""

from __future__ import annotations

import re
from functools import lru_cache

from allegiance.reading import reads_text

Names = tuple[tuple[str, str], ...]
"""Pairs of a name of the house and the name that the readers know."""


@reads_text("esk-a14", "esk-", "-", " ", "withdraw_", limit=None)
def with_known_names(text: str, names: Names) -> str:
    """Return a text with the names that the readers know, whatever the case of the others."""
    if not names:
        return text
    pattern, known = _pattern(names)
    return pattern.sub(lambda match: known[match[0].casefold()], text)


@lru_cache(maxsize=256)
def _pattern(names: Names) -> tuple[re.Pattern[str], dict[str, str]]:
    known = {own.casefold(): other for own, other in names}
    longest_first = sorted(known, key=len, reverse=True)
    options = "|".join(map(re.escape, longest_first))
    return re.compile(rf"(?<![\w-])(?:{options})(?![\w-])", re.IGNORECASE | re.ASCII), known
