"""The command that compares patterns."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from allegiance.cli._tables import console, end_damaged, note_early
from allegiance.errors import UserError


def command(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of runs.")],
    against: Annotated[
        str,
        typer.Option(
            help="The adapter:pattern that others are compared with; the first by default."
        ),
    ] = "",
) -> None:
    """Compare frameworks and patterns on the same scenario, condition and model."""
    from allegiance.analysis.patterns import compare
    from allegiance.analysis.tables import contrast_table
    from allegiance.analysis.tallies import tally
    from allegiance.store.writer import read
    from allegiance.trace.trials import TrialCounts

    if len({folder.resolve() for folder in runs}) < len(runs):
        raise UserError("a run is named twice; its trials would be counted twice")
    found = [read(folder) for folder in runs]
    kinds = TrialCounts(kind for run in found for kind in tally(run.trials).kinds)
    baseline, contrasts = compare(kinds, against)
    title = f"Difference of rates, adapter:pattern - {baseline}, 95 % Newcombe interval"
    console().print(contrast_table(title, contrasts))
    note_early(*found)
    end_damaged(*found)
