"""Printing the tables of a run on the console."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import TYPE_CHECKING

from allegiance.errors import UserError

if TYPE_CHECKING:
    from rich.console import Console

    from allegiance.trace import Trial

MOST_CONTRASTS = 12


def as_fields(by: str) -> tuple[str, ...]:
    """Read the fields of a table's rows.

    Raises:
        UserError: For an unknown field.
    """
    from allegiance.table import FIELDS

    fields = tuple(f.strip() for f in by.split(",") if f.strip())
    for field in fields:
        if field not in FIELDS:
            raise UserError(f"--by has no field {field!r}; the fields are {', '.join(FIELDS)}")
    return fields


def console() -> Console:
    """Return the console for tables: as wide as they are where no terminal sets a width."""
    from rich.console import Console

    screen = Console()
    return screen if screen.is_terminal else Console(width=180)


def print_tables(trials: Sequence[Trial], by: Sequence[str]) -> None:
    """Print rates, outcomes, the largest contrasts, and what was measured."""
    from allegiance.table import contrast_table, measured, outcome_table, rate_table

    screen = console()
    screen.print(rate_table(trials, by))
    screen.print(outcome_table(trials))
    if {t.trace.arm.oversight for t in trials} > {"unmonitored"}:
        from allegiance.probes import AlignmentFaking

        found = sorted(AlignmentFaking()(trials), key=lambda c: (isnan(c.value), -abs(c.value)))
        if found:
            title = f"Alignment faking: not complying (the largest of {len(found)} contrasts)"
            screen.print(contrast_table(title, found[:MOST_CONTRASTS]))
    for note in measured(trials, by):
        screen.print(note, style="bold")
