"""The command that compares patterns."""

from __future__ import annotations

from typing import Annotated

import typer

from allegiance.cli._options import RunsArgument
from allegiance.cli._print import console
from allegiance.cli._tables import count_together, end_damaged, note_early


def command(
    runs: RunsArgument,
    against: Annotated[
        str,
        typer.Option(
            metavar="ADAPTER:PATTERN",
            help="Pattern that the others are compared with; the first one by default.",
        ),
    ] = "",
) -> None:
    """Compare frameworks and patterns under the same scenario, condition and model."""
    from allegiance.analysis.patterns import compare
    from allegiance.analysis.tables import contrast_table

    loaded, kinds = count_together(runs)
    baseline, contrasts = compare(kinds, against)
    title = f"Difference of rates, adapter:pattern - {baseline}, 95 % Newcombe interval"
    console().print(contrast_table(title, contrasts))
    note_early(*loaded)
    end_damaged(*loaded)
