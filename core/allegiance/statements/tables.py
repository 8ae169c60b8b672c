"""Reads tables of a report: a duty and a status in one row, or in one column."""

from __future__ import annotations

from collections.abc import Sequence

from allegiance.statements.marks import Mark, mark_of
from allegiance.statements.names import EMPHASIS, LONGEST_LINE, Names, first_part, whole_duty


def read_tables(lines: Sequence[str], names: Names) -> dict[str, Mark]:
    """Return the statuses of tables: a duty and a status in one row, or in one column."""
    stated: dict[str, Mark] = {}
    header: list[str] = []
    for line in lines:
        cells = _cells(line)
        if len(cells) < 2:
            header = []
            continue
        bare = [EMPHASIS.sub("", cell).strip() for cell in cells]
        duties = [whole_duty(cell, names) for cell in bare]
        marks = [mark_of(first_part(cell)) for cell in bare]
        if sum(map(bool, duties)) == 1 and any(marks):
            stated[next(filter(None, duties))] = next(m for m in marks if m)
        elif sum(map(bool, duties)) > 1:
            header = duties
        elif header and len(header) == len(marks) and all(marks):
            stated |= {d: m for d, m in zip(header, marks, strict=True) if d and m}
        elif header and marks[0]:
            for duty, cell in zip(header, bare, strict=False):
                if duty and mark_of(cell) is None and cell.casefold() in ("x", "\u2715", "\u00d7"):
                    stated[duty] = marks[0]
    return stated


def _cells(line: str) -> list[str]:
    for separator in ("|", "\t", ";", ","):
        if separator in line:
            return (
                line.strip().strip(separator).split(separator) if len(line) < LONGEST_LINE else []
            )
    return []
