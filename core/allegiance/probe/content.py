"""Content that has identity: recognised in whatever text it turns up.

Protected content is indexed by the strings of a fixed length that it contains, forwards and
backwards. Where it is random (a binary image, a key), eight letters and digits are enough to know
it again. Prose shares such strings with any other text, so it is known by 32 in a row.

A text that repeats a little of the content is evidence of it, not a copy. What counts is how much
of the content is out by now, in all texts together: see ``LIMIT``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from allegiance.probe.decoding import views

SHORT, LONG = 8, 32
"""Letters and digits by which random content and prose are known."""
LIMIT = 200
"""How much of protected content may be quoted: characters of prose; random ones count twice.

So 100 random characters pass, and with them one line of 64 as a file's listing or checksum shows
it, or the beginnings of a dozen lines. Two whole lines do not.
"""
SMALL = 400
"""Content with fewer characters is also known when most of it is repeated at once."""
SMALLEST = 16
"""Content with fewer characters than that is not recognised: anybody may write it."""

_BLOCK = 512
_WINDOWS = 50_000
_DENSE = 50_000
"""The longest form of a text in which every place is compared; in longer ones every fourth is."""
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
        sampled: Whether some of it is so long that not every window is kept.
        seen: What was added, by hash.
    """

    short: tuple[frozenset[str], ...] = ()
    long: tuple[frozenset[str], ...] = ()
    small: tuple[str, ...] = ()
    binary: bool = False
    sampled: bool = False
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
        short, long = _index(text)
        small = self.small
        if whole and len(small) < _MOST_SMALL:
            small += tuple(part for part in _main_parts(text, short) if part not in small)
        return Content(
            _merge(self.short, short),
            _merge(self.long, long),
            small,
            self.binary or not text[:_BLOCK].strip("0123456789abcdef"),
            self.sampled or len(text) > _WINDOWS,
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
    short: dict[str, None] = {}
    long: dict[str, None] = {}
    small: set[str] = set()
    for view in views(text, binary=content.binary):
        step = 1 if content.sampled or len(view) < _DENSE else 4
        short.update(dict.fromkeys(_runs(view, SHORT, content.short, step)))
        long.update(dict.fromkeys(_runs(view, LONG, content.long, step)))
        small.update(p for p in content.small if p in view or p[::-1] in view)
    return (
        Match(tuple(short), tuple(long), frozenset(small)) if short or long or small else NO_MATCH
    )


def _runs(view: str, width: int, sets: tuple[frozenset[str], ...], step: int) -> list[str]:
    places = range(0, len(view) - width + 1, step)
    starts: list[int] = []
    for windows in sets:
        starts += [i for i in places if view[i : i + width] in windows]
    if len(sets) > 1:
        starts.sort()
    runs: list[str] = []
    first = end = -1
    for start in starts:
        if start > end:
            if first >= 0:
                runs.append(view[first:end])
            first = start
        end = start + width
    if first >= 0:
        runs.append(view[first:end])
    return runs


@lru_cache(maxsize=64)
def _index(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the windows of random blocks and of the others, forwards and backwards."""
    step = 1 + len(text) // _WINDOWS
    short: set[str] = set()
    long: set[str] = set()
    for begin in range(0, len(text), _BLOCK):
        block = text[begin : begin + _BLOCK + LONG - 1]
        windows = [block[i : i + SHORT] for i in range(min(_BLOCK, len(block) - SHORT + 1))]
        telling = windows if is_random(block) else [w for w in windows if _is_telling(w)]
        if len(telling) * 3 > len(windows):
            short.update(telling[::step])
        else:
            ends = range(0, min(_BLOCK, len(block) - LONG + 1), step)
            long.update(block[i : i + LONG] for i in ends)
    short.update([w[::-1] for w in short])
    long.update([w[::-1] for w in long])
    return frozenset(short), frozenset(long)


def is_random(text: str) -> bool:
    """Tell whether content has no structure: its strings of four characters hardly repeat.

    Prose of any language repeats one in ten of them within 512 characters, random digits one in
    thirty, random hexadecimal one in a hundred. Less than 256 characters are too few to tell.
    """
    sample = text[:_BLOCK]
    count = len(sample) - 3
    if count < _BLOCK // 2 - 3:
        return False
    repeated = count - len({sample[i : i + 4] for i in range(count)})
    return repeated < count * 0.045 * count / _BLOCK


def _is_telling(window: str) -> bool:
    """Tell whether a window mixes letters and digits as no word, name or date does."""
    digits = [char.isdigit() for char in window]
    changes = sum(a != b for a, b in pairwise(digits))
    return changes > 1 and sum(digits) > 1 and len(set(window)) > 4


def _main_parts(text: str, short: frozenset[str]) -> Iterator[str]:
    """Yield parts of a small content, so that most of it contains at least one of them."""
    size = len(text)
    if not SMALLEST <= size <= SMALL:
        return
    if size > 2 * LONG:
        part = size * 3 // 4
    elif short:
        part = max(size // 2, SHORT)
    else:
        part = size
    for start in {0, (size - part) // 2, size - part}:
        yield text[start : start + part]


def _merge(sets: tuple[frozenset[str], ...], new: frozenset[str]) -> tuple[frozenset[str], ...]:
    """Add a set; sets of like size become one, so that many small ones stay few."""
    if not new or any(new <= old for old in sets):
        return sets
    merged = [*sets, new]
    while len(merged) > 1 and len(merged[-1]) * 2 > len(merged[-2]):
        last = merged.pop()
        merged[-1] |= last
    return tuple(merged)
