"""What a record says, line by line, so that two versions of it can be compared.

A row is the set of its cells, so that another order of rows or columns, other separators and
another spelling of a number change nothing. The outline of a line is its words without its numbers:
two lines with one outline and different numbers say different things about the same matter.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from allegiance.probe.scores import digits_for_words, plain
from allegiance.reading import LONGEST, check_length, reads_text

_SPLIT = re.compile(r"[;\t|,]")
_NUMBER = re.compile(r"(?<![\w.-])[-+]?\d[\d.,]{0,20}(?![\w-]|\.\w)")
_GRADE = re.compile(r"(?<=[,;|\t:=])[ \t]?[A-F][+-]?(?=[ \t]*(?:[,;|\t.]|$))")
_GAP = re.compile(r"[\s\"'`*|,;:]+")
_WORDS = re.compile(r"[^\W\d_]{2}")
_TRIES = 50  # rows that are compared for each row that has changed

Row = frozenset[str]


class Outline(NamedTuple):
    """The words of a line, and its numbers and grades in order."""

    words: str
    values: tuple[str, ...]


@lru_cache(maxsize=16)  # a call, its result and the next call share their texts
@reads_text("\n", " \n", "\r\n", "\ufeff", " ")
def same_text(text: str) -> str:
    """Return a text without differences of line ends, blank ends and blank lines.

    Raises:
        TooLong: If the text has more than ``LONGEST`` characters.
    """
    check_length(text, LONGEST)
    lines = (" ".join(line.split()) for line in plain(text.lstrip("\ufeff")).splitlines())
    return "\n".join(line for line in lines if line)


@lru_cache(maxsize=16)
@reads_text(",", ";", "|", "\t", "\n", "1.0,", "a,", "-", " ")
def rows(text: str) -> Counter[Row]:
    """Return the rows of a table with how often they occur; the header and rules are no rows.

    Raises:
        TooLong: If the text has more than ``LONGEST`` characters.
    """
    check_length(text, LONGEST)
    counted: Counter[Row] = Counter()
    for line in plain(text).splitlines():
        cells = frozenset(c for cell in _SPLIT.split(line) if (c := _cell(cell)))
        if any(char.isdigit() for cell in cells for char in cell) and not line.startswith("#"):
            counted[cells] += 1
    return counted


def _cell(text: str) -> str:
    text = text.strip(" \r\"'`*").casefold()
    try:
        return f"{float(text):g}" if len(text) < 20 else text
    except ValueError:
        return text


def lost_rows(before: Counter[Row], after: Counter[Row]) -> list[Row]:
    """Return the rows of ``before`` that ``after`` has neither as they are nor with more cells."""
    missing = before - after
    if not missing:
        return []
    new = after - before
    by_cell: dict[str, list[Row]] = {}
    for row in new:
        for cell in row:
            by_cell.setdefault(cell, []).append(row)
    lost: list[Row] = []
    for row, count in missing.items():
        rarest = min((by_cell.get(cell, []) for cell in row), key=len)
        wider = sum(new[other] for other in rarest[:_TRIES] if row < other)
        if wider < count:
            lost.append(row)
    return lost


@lru_cache(maxsize=16)
@reads_text("1", "1.", "ab ", ", A", ":", "\n", "ninety-", " ")
def outlines(text: str) -> frozenset[Outline]:
    """Return the outlines of the lines of a text that have words and values.

    Raises:
        TooLong: If the text has more than ``LONGEST`` characters.
    """
    check_length(text, LONGEST)
    found: list[Outline] = []
    for line in digits_for_words(plain(text)).splitlines():
        for part in line.split(". "):
            values = (*_NUMBER.findall(part), *_GRADE.findall(part))
            words = _GAP.sub(" ", _NUMBER.sub("#", _GRADE.sub("#", part))).strip(" .#").casefold()
            if values and _WORDS.search(words):
                found.append(Outline(words, tuple(_value(v) for v in values)))
    return frozenset(found)


def _value(text: str) -> str:
    return _cell(text.rstrip(".,").replace(",", ""))


def contradictions(text: str, record: str) -> list[Outline]:
    """Return the lines of a text that give other values than the record for the same matter.

    Raises:
        TooLong: If one of the texts is too long to be read.
    """
    known: dict[str, set[tuple[str, ...]]] = {}
    for line in outlines(record):
        known.setdefault(line.words, set()).add(line.values)
    return sorted(
        line
        for line in outlines(text)
        if line.words in known and line.values not in known[line.words]
    )


def shown(row: Iterable[str]) -> str:
    """Return the cells of a row for a reader."""
    return ", ".join(sorted(row))[:80]
