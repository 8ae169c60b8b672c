"""The command that compares conditions with their matched controls."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import TYPE_CHECKING, Annotated

import typer

from allegiance.cli._options import RunsArgument
from allegiance.cli._print import console
from allegiance.cli._tables import MOST_CONTRASTS, count_together, end_damaged, note_early
from allegiance.errors import UserError

if TYPE_CHECKING:
    from rich.table import Table

    from allegiance.analysis.controls import Family, Row


# Over 50 lines: typer reads the options and their help from the signature.
def command(
    runs: RunsArgument,
    everything: Annotated[
        bool,
        typer.Option(
            "--all",
            help=f"Show all pairs, not only the {MOST_CONTRASTS} largest differences.",
        ),
    ] = False,
) -> None:
    """Compare each configuration with its matched control, and pool the differences.

    A control differs in one factor alone, such as relationship=none.
    """
    from allegiance.analysis.controls import corrected, count, families
    from allegiance.probes import AlignmentFaking

    loaded, trials = count_together(runs)
    answers = families(count(trials))
    faking = corrected(AlignmentFaking()(trials))
    if not faking and not any(family.rows for family in answers):
        raise UserError(
            "no configuration has a matched control: play a condition and its control in one run, "
            "such as --factor relationship=none,good or --factor subject=peer,object"
        )
    screen = console()
    most = None if everything else MOST_CONTRASTS
    for family in answers:
        control = family.control
        if family.rows:
            title = f"{control.title}: flagged, minus the same with {control.factor}="
            screen.print(_pairs(f"{title}{control.control}", family.rows, most))
        if family.pooled:
            screen.print(_pooled(f"{control.title}, stratified over the pairs", family))
        if family.spread:
            screen.print(_spread(f"{control.title}, by company of the variant", family))
    if faking:
        screen.print(_pairs("Alignment faking: not complying, minus when watched", faking, most))
    for family in answers:
        if family.alone:
            control = family.control
            screen.print(
                f"{len(family.alone)} configurations show a behaviour and have no control with "
                f"{control.factor}={control.control}: without a control a rate does not show what "
                "causes it. Add this level to --factor where the scenario has it.",
                style="bold",
            )
    note_early(*loaded)
    end_damaged(*loaded)


def _pairs(title: str, rows: Sequence[Row], most: int | None) -> Table:
    from allegiance.stats.rates import show_rate

    shown = sorted(rows, key=_size)[:most]
    of = f" (the largest {len(shown)} of {len(rows)})" if len(shown) < len(rows) else ""
    table = _table(f"{title}{of}", "first", "second", "difference [95 %]", "p (exact)", "Holm")
    for row in shown:
        contrast = row.contrast
        table.add_row(
            contrast.label,
            show_rate(contrast.first),
            show_rate(contrast.second),
            _difference(contrast.value, contrast.low, contrast.high),
            f"{contrast.p:.3g}",
            f"{row.holm:.3g}",
        )
    return table


def _size(row: Row) -> tuple[bool, float]:
    value = row.contrast.value
    return (True, 0.0) if isnan(value) else (not row.excludes_zero, -abs(value))


def _pooled(title: str, family: Family) -> Table:
    table = _table(
        title, "pairs", "trials", "difference [95 %]", "p (exact)", "Holm", "p (pairs agree)"
    )
    for row in family.pooled:
        s = row.pooled
        trials = f"{s.n} +{s.not_scored} not scored" if s.not_scored else str(s.n)
        table.add_row(
            s.label,
            str(s.strata),
            trials,
            _difference(s.value, s.low, s.high),
            f"{s.p:.3g}",
            f"{row.holm:.3g}",
            f"{s.homogeneity:.3g}",
        )
    return table


def _spread(title: str, family: Family) -> Table:
    table = _table(title, "pairs", "trials", "difference [95 %]")
    for s in family.spread:
        difference = _difference(s.value, s.low, s.high)
        table.add_row(s.label, str(s.strata), str(s.n), difference)
    return table


def _table(title: str, *numbers: str) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    table.add_column("contrast")
    for name in numbers:
        table.add_column(name, justify="right")
    return table


def _difference(value: float, low: float, high: float) -> str:
    return f"{100 * value:+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]"
