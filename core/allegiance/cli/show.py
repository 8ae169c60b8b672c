"""The command that shows a run or one trial."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from allegiance.cli._options import ByOption, RunArgument
from allegiance.cli._print import console, say
from allegiance.cli._tables import as_fields, end_damaged, note_early, print_tables
from allegiance.errors import UserError

if TYPE_CHECKING:
    from allegiance.trace.trials import Trial

LONGEST_ROW = 1000
"""The characters of a trial in the list; names of a real run are far shorter."""


def command(
    run: RunArgument,
    trial: Annotated[
        str | None,
        typer.Argument(
            metavar="TRIAL", help="Number of a trial in the list, or the start of its key."
        ),
    ] = None,
    by: ByOption = "model,behaviour,pattern",
) -> None:
    """Show the tables of a run and list its trials, or show the transcript of one trial."""
    from allegiance.report.excerpt import one_line
    from allegiance.report.transcript import transcript
    from allegiance.store.writer import read

    loaded = read(run)
    if not loaded.trials:
        raise UserError(f"{str(run)!r} is empty: no trial was played")
    if trial is None:
        print_tables(loaded.trials, as_fields(by))
        note_early(loaded)
        for number, played in enumerate(loaded.trials):
            trace = played.trace
            names = (trace.scenario, trace.condition.label(), trace.full_pattern, trace.model)
            row = f"{trace.key} {played.outcome:<10} {' '.join(names)}"
            say(f"{number:>5} {one_line(row, LONGEST_ROW)}")
        end_damaged(loaded)
        return
    console(soft_wrap=True).print(transcript(_pick(loaded.trials, trial)))


def _pick(trials: Sequence[Trial], name: str) -> Trial:
    """Return the trial with a number, or with a key that starts with the name."""
    count, match = 0, None
    for number, trial in enumerate(trials):
        if name == str(number):
            return trial
        if trial.trace.key.startswith(name):
            count, match = count + 1, trial
    if match is None or count > 1:
        raise UserError(
            f"{count or 'no'} trials match {name!r}; the run has {len(trials)} trials, numbered "
            "from 0 as `allegiance show RUN` lists them"
        )
    return match
