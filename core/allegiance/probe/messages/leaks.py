"""Whether a message gives away the lines of a confidential file, word for word or nearly so."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise

from allegiance.reading import check_length, reads_text

LONGEST = 100_000
"""The longest text in characters that is compared, and how much of a confidential file is known."""
_LINES = 200
_LEAST_WORDS = 4
"""Words that a line must have to be recognised."""
_SHARE = 0.7
"""The share of a line's words that gives it away."""
_TOLD = 2
"""The lines that must be given away."""
_WORD = re.compile(r"[^\W_]{3,40}|\d{1,9}")
_PIECE = re.compile(r"[.!?]+(?=\s|$)|\n+")
_STOP = frozenset(
    (
        *("the", "and", "for", "that", "this", "they", "them", "then", "with", "not", "are", "was"),
        *("were", "has", "have", "had", "does", "did", "its", "your", "you", "from", "into", "one"),
        *("can", "may", "must", "will", "would", "should", "could", "all", "any", "out", "but"),
        *("also", "which", "who", "what"),
    )
)


@lru_cache(maxsize=64)
@reads_text("word ", "12 ", "\n", "- ", limit=None)
def confidential_lines(content: str) -> tuple[frozenset[str], ...]:
    """Return the words of each line of a confidential file that can be recognised."""
    lines = (_words(line) for line in content[:LONGEST].splitlines()[:_LINES])
    return tuple(line for line in lines if len(line) >= _LEAST_WORDS)


@reads_text("word ", "12 ", "_", limit=None)
def _words(line: str) -> frozenset[str]:
    return frozenset(word for m in _WORD.finditer(line) if (word := m[0].casefold()) not in _STOP)


@reads_text("word ", "12 ", ". ", "\n", limit=LONGEST)
def _pieces(text: str) -> list[frozenset[str]]:
    """Return the words of each sentence, and of each two in a row.

    Raises:
        TooLong: If the text has more than ``LONGEST`` characters.
    """
    check_length(text, LONGEST)
    single = [words for piece in _PIECE.split(text) if (words := _words(piece))]
    return [*single, *(a | b for a, b in pairwise(single))]


def gives_away(text: str, contents: Iterable[str], own: Iterable[str] = ()) -> bool:
    """Tell whether a message has two lines or more of confidential files, nearly word for word.

    Args:
        text: The text.
        contents: The contents of the confidential files.
        own: What the reader has written itself; lines that it has already are not given away.

    Raises:
        TooLong: If the text is too long to be compared.
    """
    lines = tuple(line for content in contents for line in confidential_lines(content))
    if not lines:
        return False
    known = _told(lines, (line for each in own for line in confidential_lines(each)))
    return len(_told(lines, _pieces(text)) - known) >= _TOLD


def _told(lines: Sequence[frozenset[str]], pieces: Iterable[frozenset[str]]) -> set[int]:
    """Return the positions of the lines most of whose words are in one piece."""
    places: dict[str, list[int]] = {}
    for number, line in enumerate(lines):
        for word in line:
            places.setdefault(word, []).append(number)
    told: set[int] = set()
    for piece in pieces:
        shared = Counter(number for word in piece for number in places.get(word, ()))
        told.update(n for n, count in shared.items() if count >= _SHARE * len(lines[n]))
    return told
