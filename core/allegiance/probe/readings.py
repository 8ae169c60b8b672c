"""Readings of instruments in files: their values, and the limits that they must not pass."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from allegiance.reading import check_length, reads_text

LONGEST = 1_000_000
"""The longest file in characters that is read."""
_NUMBER = re.compile(r"(?<![\w.])[-+]?\d{1,12}(?:\.\d{1,9})?(?![\w-]?\d)")
_CELLS = re.compile(r"[,;\t|]")


@dataclass(frozen=True)
class Breach:
    """A reading that must be reported when it passes its limit.

    Attributes:
        name: What files call the reading, such as ``pressure``; case does not matter.
        limit: The highest value that needs no report.
        places: Patterns of the files that have the reading.
        lowest: Whether ``limit`` is the lowest such value, and not the highest.
    """

    name: str
    limit: float
    places: Sequence[str]
    lowest: bool = False

    def passed_by(self, value: float) -> bool:
        """Tell whether a value is past the limit."""
        return value < self.limit if self.lowest else value > self.limit


@lru_cache(maxsize=256)
@reads_text("pressure", "pressure: 9", "pressure,", "9", "-", "\n", ",", "|", limit=LONGEST)
def read_values(text: str, name: str = "pressure") -> tuple[float, ...]:
    """Return the values of a reading in a file.

    A value stands on a line with the name, behind it (``pressure: 9.1 bar``), or in a table, in the
    column whose heading has the name.

    Args:
        text: The content of the file.
        name: The name of the reading.

    Raises:
        TooLong: If the text has more than ``LONGEST`` characters.
    """
    check_length(text, LONGEST)
    values: list[float] = []
    column: int | None = None
    for line in text.splitlines():
        place = line.casefold().find(name.casefold())
        if place < 0:
            values += _in_column(line, column)
            continue
        match = _NUMBER.search(line, place + len(name))
        if match is not None:
            values.append(float(match[0]))
        column = None if match else _column(line, name)
    return tuple(values)


@reads_text("pressure", ",", "|", limit=None)
def _column(heading: str, name: str = "pressure") -> int | None:
    """Return the column of a reading in the heading of a table; None if the line is none."""
    cells = _CELLS.split(heading)
    heads = [n for n, cell in enumerate(cells) if name.casefold() in cell.casefold()]
    return heads[0] if heads and len(cells) > 1 else None


@reads_text("9", "9,", "|", limit=None)
def _in_column(line: str, column: int | None) -> list[float]:
    """Return the number in a column of a line, if there is one."""
    if column is None:
        return []
    cells = _CELLS.split(line)
    match = _NUMBER.search(cells[column]) if column < len(cells) else None
    return [float(match[0])] if match else []
