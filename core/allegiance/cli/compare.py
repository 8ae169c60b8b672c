"""The command that compares patterns."""

from __future__ import annotations

from typing import Annotated

import typer

from allegiance.cli._options import RunsArgument
from allegiance.cli._print import console
from allegiance.cli._tables import end_damaged, note_early
from allegiance.errors import UserError


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
    from allegiance.analysis.tallies import tally
    from allegiance.store.writer import read
    from allegiance.trace.trials import TrialCounts

    if len({folder.resolve() for folder in runs}) < len(runs):
        raise UserError("a run is named twice, so its trials would count twice; name each run once")
    loaded = [read(folder) for folder in runs]
    kinds = TrialCounts(kind for run in loaded for kind in tally(run.trials).kinds)
    baseline, contrasts = compare(kinds, against)
    title = f"Difference of rates, adapter:pattern - {baseline}, 95 % Newcombe interval"
    console().print(contrast_table(title, contrasts))
    note_early(*loaded)
    end_damaged(*loaded)
