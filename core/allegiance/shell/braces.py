"""Brace expansion: ``{a,b}`` and ``{1..3}``, in time linear in the word and its expansion."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from math import prod

from allegiance.shell.budget import charge
from allegiance.shell.state import Word
from allegiance.shell.targets import UNKNOWN

MOST = 256
"""The largest number of words that a single word is expanded into."""

_OPEN, _COMMA, _CLOSE = "\ue000", "\ue001", "\ue002"
_MARKS = str.maketrans("{,}", _OPEN + _COMMA + _CLOSE)
_PLAIN = str.maketrans(_OPEN + _COMMA + _CLOSE, "{,}")
_DIGITS = 18


class _TooMany(Exception):
    """A word expands to more than ``MOST`` words."""


def mark(source: str) -> str:
    """Return unquoted text with marks instead of its braces and commas."""
    return source.translate(_MARKS)


def number_range(source: str) -> Word:
    """Return ``{1..3}`` as a marked group of braces."""
    first, _, last = source.strip("{}").partition("..")
    short = max(len(first), len(last)) <= _DIGITS and (first + last).isascii()
    if short and first.isdigit() and last.isdigit() and abs(int(last) - int(first)) < MOST:
        low, high = sorted((int(first), int(last)))
        return Word(_OPEN + _COMMA.join(str(n) for n in range(low, high + 1)) + _CLOSE)
    return Word("*", known=False)


def expand_braces(word: Word) -> list[Word]:
    """Return the words that brace expansion makes of a single word."""
    if _OPEN not in word.text:
        return [plain_word(word)]
    try:
        texts = _alternatives(word.text)
    except _TooMany:
        return [Word(UNKNOWN, known=False, sources=word.sources)]
    return [Word(t.translate(_PLAIN), word.known, word.sources, word.stream) for t in texts]


def plain_word(word: Word) -> Word:
    """Return a word whose braces are not special."""
    return Word(word.text.translate(_PLAIN), word.known, word.sources, word.stream)


def _groups(marked: str) -> dict[int, int]:
    """Return where the groups of a string begin and end; a group has a comma of its own."""
    groups: dict[int, int] = {}
    stack: list[list[int]] = []
    for index, char in enumerate(marked):
        if char == _OPEN:
            stack.append([index, 0])
        elif char == _COMMA and stack:
            stack[-1][1] += 1
        elif char == _CLOSE and stack:
            begin, commas = stack.pop()
            if commas:
                groups[begin] = index
    return groups


def _alternatives(marked: str) -> list[str]:
    """Expand the groups of braces in a string; every other brace stands for itself."""
    groups = _groups(marked)
    # One frame a group that is open: its alternatives, and the parts of the last of them.
    frames: list[tuple[list[str], list[list[str]]]] = [([], [])]
    depth, commas = 0, [0]  # how many braces are open, and at which depth the commas count
    start = 0
    for index, char in enumerate(marked):
        if char not in (_OPEN, _COMMA, _CLOSE):
            continue
        done, parts = frames[-1]
        if char == _OPEN:
            depth += 1
            if index not in groups:
                continue
            parts.append([marked[start:index]])
            frames.append(([], []))
            commas.append(depth)
            if len(frames) > MOST:  # each level adds at least one word
                raise _TooMany
        elif char == _COMMA and len(frames) > 1 and depth == commas[-1]:
            parts.append([marked[start:index]])
            _add(done, parts)
            parts.clear()
        elif char == _CLOSE and len(frames) > 1 and depth == commas[-1]:
            parts.append([marked[start:index]])
            _add(done, parts)
            frames.pop()
            commas.pop()
            depth -= 1
            frames[-1][1].append(done)
        else:
            depth -= char == _CLOSE
            continue
        start = index + 1
    frames[0][1].append([marked[start:]])
    _add(frames[0][0], frames[0][1])
    return frames[0][0]


def _add(texts: list[str], parts: Iterable[list[str]]) -> None:
    """Add every combination of some parts to a list of texts."""
    parts = [part for part in parts if part != [""]]
    count = prod(len(part) for part in parts)
    if len(texts) + count > MOST:
        raise _TooMany
    charge(sum(sum(len(t) for t in part) * (count // len(part)) for part in parts), count)
    texts += ["".join(combination) for combination in product(*parts)]
