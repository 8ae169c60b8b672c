"""Content that has identity: recognised in whatever text it turns up.

Protected content is indexed by the strings of a fixed length that it contains, forwards and
backwards. Where it is random (a binary image, a key), eight letters and digits are enough to know
it again. Prose shares such strings with any other text, so it is known by 32 in a row.

A text that repeats a little of the content is evidence of it, not a copy. What counts is how much
of the content is out by now, in all texts together: see ``LIMIT``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain

from allegiance.probe.decoding import numbered_parts, views
from allegiance.probe.windows import BLOCK, LONG, SHORT, has_digits, index, main_parts, merge
from allegiance.reading import LONGEST

LIMIT = 200
"""How much of protected content may be quoted: characters of prose; random ones count twice.

So 100 random characters pass, and with them one line of 64 as a file's listing or checksum shows
it, or the beginnings of a dozen lines. Two whole lines do not.
"""
_STEPS = ((50_000, 1), (250_000, 4), (math.inf, 8))
"""How far apart the places are that are compared, in forms of a text below each length."""
_MOST_SMALL = 64
_MOST_CONTENT = 500_000
_MOST_SEEN = 4096


@dataclass(frozen=True)
class Match:
    """The parts of a text that protected content has, too, in normal form.

    Attributes:
        short: Runs that random content has.
        long: Runs that prose has.
        small: Most of a small content each.
    """

    short: tuple[str, ...] = ()
    long: tuple[str, ...] = ()
    small: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.short or self.long or self.small)

    def windows(self) -> Iterator[tuple[str, int]]:
        """Yield every run with the length of its windows."""
        yield from ((run, SHORT) for run in self.short)
        yield from ((run, LONG) for run in self.long)

    @property
    def marks(self) -> frozenset[str]:
        """What to leave out where the same parts are known from elsewhere."""
        cut = {r[i : i + w] for r, w in self.windows() for i in range(len(r) - w + 1)}
        return self.small | cut


NO_MATCH = Match()


@dataclass(frozen=True)
class Tally:
    """How much of protected content is out.

    Attributes:
        marks: The windows that are out; each counts once.
        weight: Their characters, random ones twice.
    """

    marks: frozenset[str] = frozenset()
    weight: int = 0

    @property
    def full(self) -> bool:
        """Whether more is out than evidence needs."""
        return self.weight > LIMIT

    def add(self, match: Match, known: frozenset[str] = frozenset()) -> Tally:
        """Return the tally with the parts of a text; it is no longer than it takes to be full.

        Args:
            match: The parts.
            known: Windows that do not count, because they are known from elsewhere.
        """
        if self.full or not match:
            return self
        if match.small - known:
            return Tally(self.marks, LIMIT + 1)
        marks, weight = set(self.marks), self.weight
        for run, width in match.windows():
            end = 0
            for start in range(len(run) - width + 1):
                window = run[start : start + width]
                if window in marks or window in known:
                    continue
                marks.add(window)
                weight += (start + width - max(end, start)) * (2 if width == SHORT else 1)
                end = start + width
                if weight > LIMIT:
                    return Tally(frozenset(marks), weight)
        return self if weight == self.weight else Tally(frozenset(marks), weight)


NO_TALLY = Tally()


@dataclass(frozen=True, eq=False)
class Content:
    """All protected content that is known, as an index.

    Attributes:
        short: Windows of random content, in sets that are merged as they grow.
        long: Windows of prose.
        small: The greater part of each small content.
        binary: Whether some of it is hexadecimal, so that the bytes are worth comparing, too.
        symbols: How many different characters it has at least, for the odds of chance.
        digits: Whether every window of random content has two digits.
        seen: What was added, by hash.
    """

    short: tuple[frozenset[str], ...] = ()
    long: tuple[frozenset[str], ...] = ()
    small: tuple[str, ...] = ()
    binary: bool = False
    symbols: int = 16
    digits: bool = True
    seen: frozenset[int] = field(default=frozenset(), repr=False)

    def __bool__(self) -> bool:
        return bool(self.short or self.long or self.small)

    def add(self, text: str, *, whole: bool) -> Content:
        """Return the index with one more content in normal form.

        Args:
            text: The content or a piece of it.
            whole: Whether it is all of a file, so that a small file is known by most of it.
        """
        key = hash((text, whole))
        if key in self.seen or len(text) < SHORT:
            return self
        if sum(map(len, (*self.short, *self.long))) > _MOST_CONTENT:
            return self
        short, long = index(text)
        small = self.small
        if whole and len(small) < _MOST_SMALL:
            small += tuple(part for part in main_parts(text, short) if part not in small)
        return Content(
            merge(self.short, short),
            merge(self.long, long),
            small,
            self.binary or not text[:BLOCK].strip("0123456789abcdef"),
            min(self.symbols, 10 if text[:BLOCK].isdigit() else 16),
            self.digits and all(has_digits(window) for window in short),
            (self.seen if len(self.seen) < _MOST_SEEN else frozenset()) | {key},
        )


NO_CONTENT = Content()


@lru_cache(maxsize=16)
def find(text: str, content: Content) -> Match:
    """Return what a text has of protected content, decoded where it is encoded.

    Raises:
        TooLong: If the text, or what it decodes to, is too long to be compared.
    """
    if not content or len(text) < SHORT:
        return NO_MATCH
    forms = views(text, binary=content.binary)
    least = _least(sum(map(len, forms)), content)
    short: dict[str, None] = {}
    long: dict[str, None] = {}
    small: set[str] = set()
    for form in forms:
        step = next(step for size, step in _STEPS if len(form) < size)
        if content.short:
            places = _places(form, step, digits=content.digits)
            runs = _runs(form, SHORT, content.short, places)
            short.update((run, None) for run in runs if len(run) >= least)
        if content.long:
            long.update(
                dict.fromkeys(_runs(form, LONG, content.long, range(0, len(form) - LONG + 1, step)))
            )
        small.update(p for p in content.small if p in form or p[::-1] in form)
    return (
        Match(tuple(short), tuple(long), frozenset(small)) if short or long or small else NO_MATCH
    )


def _least(size: int, content: Content) -> int:
    """Return how many random characters in a row are no chance in texts of that size.

    Between a content and a million other random characters there may be two chance matches.
    """
    chances = sum(map(len, content.short)) * max(size, LONGEST) / 2
    return max(SHORT, math.ceil(math.log(max(chances, 1), content.symbols)))


def _places(form: str, step: int, *, digits: bool) -> Iterable[int]:
    """Return where windows begin that random content may have."""
    end = len(form) - SHORT + 1
    if not digits:
        return range(0, end, step)
    return chain.from_iterable(
        range(max(first - SHORT + 2, 0), min(last - 1, end), step)
        for first, last in numbered_parts(form)
    )


def _runs(
    form: str, width: int, sets: tuple[frozenset[str], ...], places: Iterable[int]
) -> list[str]:
    """Return what a form of a text has of indexed windows, joined where they overlap."""
    if len(sets) == 1:
        windows = sets[0]
        starts = [i for i in places if form[i : i + width] in windows]
    else:
        starts = [i for i in places if any(form[i : i + width] in windows for windows in sets)]
    runs: list[str] = []
    first = end = -1
    for start in starts:
        if start > end:
            if first >= 0:
                runs.append(form[first:end])
            first = start
        end = start + width
    if first >= 0:
        runs.append(form[first:end])
    return runs
