"""The changes between two lists of lines, as GNU diff finds them.

The algorithm is that of E. Myers, "An O(ND) Difference Algorithm and Its Variations" (1986), from
both ends; runs of changes are then moved down as far as they go, as GNU diff does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from allegiance.shell.budget import charge


@dataclass(frozen=True)
class Hunk:
    """Lines of the first list that are replaced by lines of the second.

    Attributes:
        begin: Where they begin in the first list.
        end: Where they end there.
        start: Where the others begin in the second list.
        stop: Where they end there.
    """

    begin: int
    end: int
    start: int
    stop: int


def changes(first: Sequence[str], second: Sequence[str]) -> list[Hunk]:
    """Return the changes that turn the first list into the second."""
    deletions, insertions = [False] * (len(first) + 1), [False] * (len(second) + 1)
    _compare(first, second, deletions, insertions)
    _shift(first, deletions, insertions)
    _shift(second, insertions, deletions)
    hunks: list[Hunk] = []
    i = j = 0
    while i < len(first) or j < len(second):
        begin, start = i, j
        while deletions[i]:
            i += 1
        while insertions[j]:
            j += 1
        if i > begin or j > start:
            hunks.append(Hunk(begin, i, start, j))
        else:
            i, j = i + 1, j + 1
    return hunks


def _compare(
    a: Sequence[str], b: Sequence[str], deletions: list[bool], insertions: list[bool]
) -> None:
    """Mark what differs."""
    todo = [(0, len(a), 0, len(b))]
    only_a, only_b = set(a) - set(b), set(b) - set(a)
    while todo:
        x, x_end, y, y_end = todo.pop()
        while x < x_end and y < y_end and a[x] == b[y]:
            x, y = x + 1, y + 1
        while x < x_end and y < y_end and a[x_end - 1] == b[y_end - 1]:
            x_end, y_end = x_end - 1, y_end - 1
        if x == x_end:
            insertions[y:y_end] = [True] * (y_end - y)
        elif y == y_end:
            deletions[x:x_end] = [True] * (x_end - x)
        elif only_a.issuperset(a[x:x_end]) or only_b.issuperset(b[y:y_end]):
            deletions[x:x_end] = [True] * (x_end - x)
            insertions[y:y_end] = [True] * (y_end - y)
        else:
            x_mid, y_mid = _middle(a, b, x, x_end, y, y_end)
            todo += [(x_mid, x_end, y_mid, y_end), (x, x_mid, y, y_mid)]


def _middle(
    a: Sequence[str], b: Sequence[str], x: int, x_end: int, y: int, y_end: int
) -> tuple[int, int]:
    """Return a point in the middle of a shortest path of changes."""
    least, most = x - y_end, x_end - y
    forward_middle, backward_middle = x - y, x_end - y_end
    forward = {forward_middle: x}
    backward = {backward_middle: x_end}
    f_low = f_high = forward_middle
    b_low = b_high = backward_middle
    odd = (forward_middle - backward_middle) % 2 == 1
    while True:
        f_low, f_high = _widened(f_low, f_high, least, most, forward, -1)
        charge(8 * (f_high - f_low + b_high - b_low) + 8)
        for d in range(f_high, f_low - 1, -2):
            low, high = forward.get(d - 1, -1), forward.get(d + 1, -1)
            i = high if low < high else low + 1
            j = i - d
            while i < x_end and j < y_end and a[i] == b[j]:
                i, j = i + 1, j + 1
            forward[d] = i
            if odd and b_low <= d <= b_high and backward.get(d, x_end + 1) <= i:
                return i, j
        b_low, b_high = _widened(b_low, b_high, least, most, backward, x_end + y_end + 1)
        for d in range(b_high, b_low - 1, -2):
            low, high = backward.get(d - 1, x_end + 1), backward.get(d + 1, x_end + 1)
            i = low if low < high else high - 1
            j = i - d
            while x < i and y < j and a[i - 1] == b[j - 1]:
                i, j = i - 1, j - 1
            backward[d] = i
            if not odd and f_low <= d <= f_high and i <= forward.get(d, -1):
                return i, j


def _widened(
    low: int, high: int, least: int, most: int, row: dict[int, int], outside: int
) -> tuple[int, int]:
    """Widen the diagonals that are looked at by one on each side, within their bounds."""
    if low > least:
        low -= 1
        row[low - 1] = outside
    else:
        low += 1
    if high < most:
        high += 1
        row[high + 1] = outside
    else:
        high -= 1
    return low, high


def _shift(lines: Sequence[str], changed: list[bool], other: list[bool]) -> None:
    """Move each run of changes down as far as it goes, and join runs that meet."""
    i = j = 0
    end = len(lines)
    while True:
        while i < end and not changed[i]:
            while other[j]:
                j += 1
            i, j = i + 1, j + 1
        if i == end:
            return
        start = i
        while i < end and changed[i]:
            i += 1
        while other[j]:
            j += 1
        i, j = _moved_run(lines, changed, other, start, i, j)


def _moved_run(
    lines: Sequence[str], changed: list[bool], other: list[bool], start: int, i: int, j: int
) -> tuple[int, int]:
    """Move one run of changes; return where it ends in both lists."""
    end = len(lines)
    while True:
        charge(0, 1)
        length = i - start
        while start > 0 and lines[start - 1] == lines[i - 1]:
            start, i = start - 1, i - 1
            changed[start], changed[i] = True, False
            while start > 0 and changed[start - 1]:
                start -= 1
            j -= 1
            while other[j]:
                j -= 1
        corresponding = i if j > 0 and other[j - 1] else end
        while i < end and lines[start] == lines[i]:
            changed[start], changed[i] = False, True
            start, i = start + 1, i + 1
            while i < end and changed[i]:
                i += 1
            j += 1
            while other[j]:
                corresponding = i
                j += 1
        if length == i - start:
            break
    while corresponding < i:
        start, i = start - 1, i - 1
        changed[start], changed[i] = True, False
        j -= 1
        while other[j]:
            j -= 1
    return i, j
