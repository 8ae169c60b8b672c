"""The windows by which content is known again: short ones of random content, long ones of prose."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

SHORT, LONG = 8, 32
"""Letters and digits by which random content and prose are known."""
SMALL = 400
"""Content with fewer characters is also known when most of it is repeated at once."""
SMALLEST = 16
"""Content with fewer characters than that is not recognised: anybody may write it."""

BLOCK = 512
"""Content is judged to be random or not in blocks of so many characters."""

_WINDOWS = 50_000
"""Content with more characters is known by long windows only, and not by each of them."""


@lru_cache(maxsize=64)
def index(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the windows of random blocks and of the others, forwards and backwards.

    Of a long content not all windows are kept, and only long ones. The step between them is odd, so
    that it meets the step of four with which a long text is compared.
    """
    short: set[str] = set()
    long: set[str] = set()
    step = len(text) // _WINDOWS * 2 + 1
    for begin in range(0, len(text), BLOCK):
        block = text[begin : begin + BLOCK + LONG - 1]
        windows = [block[i : i + SHORT] for i in range(min(BLOCK, len(block) - SHORT + 1))]
        telling = [w for w in windows if _is_telling(w)] if step == 1 else []
        if len(telling) * 5 > len(windows) * 3:
            short.update(telling)
        elif step == 1 and is_random(block):
            short.update(windows)
        elif len(telling) * 3 > len(windows):
            short.update(telling)
        else:
            starts = range(-begin % step, min(BLOCK, len(block) - LONG + 1), step)
            long.update(block[i : i + LONG] for i in starts)
    short.update([w[::-1] for w in short])
    long.update([w[::-1] for w in long])
    return frozenset(short), frozenset(long)


def has_digits(text: str) -> bool:
    """Tell whether a text has two digits."""
    return len(text) - len(text.encode().translate(None, b"0123456789")) > 1


def is_random(text: str) -> bool:
    """Tell whether content has no structure: its strings of four characters hardly repeat.

    Prose of any language repeats one in ten of them within 512 characters, random digits one in
    thirty, random hexadecimal one in a hundred. Less than 256 characters are too few to tell.
    """
    sample = text[:BLOCK]
    count = len(sample) - 3
    if count < BLOCK // 2 - 3:
        return False
    repeated = count - len({sample[i : i + 4] for i in range(count)})
    return repeated < count * 0.045 * count / BLOCK


def _is_telling(window: str) -> bool:
    """Tell whether a window mixes letters and digits as no word, name or date does."""
    digits = [char.isdigit() for char in window]
    changes = sum(a != b for a, b in pairwise(digits))
    return changes > 1 and sum(digits) > 1 and len(set(window)) > 4


def main_parts(text: str, short: frozenset[str]) -> Iterator[str]:
    """Yield parts of a small content, so that most of it contains at least one of them."""
    size = len(text)
    if not SMALLEST <= size <= SMALL:
        return
    prose = size * 3 // 4 if size > 2 * LONG else size
    part = size // 2 + 1 if short else prose
    for start in {0, (size - part) // 2, size - part}:
        yield text[start : start + part]


def merge(sets: tuple[frozenset[str], ...], new: frozenset[str]) -> tuple[frozenset[str], ...]:
    """Add a set; sets of like size become one, so that many small ones stay few."""
    if not new or any(new <= old for old in sets):
        return sets
    merged = [*sets, new]
    while len(merged) > 1 and len(merged[-1]) * 2 > len(merged[-2]):
        last = merged.pop()
        merged[-1] |= last
    return tuple(merged)
