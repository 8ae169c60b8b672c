"""The command that shows a run or one trial."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from allegiance.cli._tables import as_fields, end_damaged, note_early, print_tables
from allegiance.errors import UserError

if TYPE_CHECKING:
    from allegiance.trace.trials import Trial


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")],
    trial: Annotated[
        str | None, typer.Argument(metavar="[TRIAL]", help="Number in the list, or start of a key.")
    ] = None,
    by: Annotated[str, typer.Option(help="Rows of the table.")] = "model,behaviour,pattern",
) -> None:
    """Show the tables and trials of a run, or one trial as a transcript."""
    from rich.console import Console

    from allegiance.report.transcript import transcript
    from allegiance.store.writer import read

    found = read(run)
    if not found.trials:
        raise UserError(f"{str(run)!r} is empty: no trial was played")
    if trial is None:
        print_tables(found.trials, as_fields(by))
        note_early(found)
        for number, one in enumerate(found.trials):
            t = one.trace
            typer.echo(
                f"{number:>5} {t.key} {one.outcome:<10} {t.scenario} {t.condition.label()} "
                f"{t.full_pattern} {t.model}"
            )
        end_damaged(found)
        return
    Console(soft_wrap=True).print(transcript(_pick(found.trials, trial)))


def _pick(trials: Sequence[Trial], wanted: str) -> Trial:
    count, found = 0, None
    for number, trial in enumerate(trials):
        if wanted == str(number):
            return trial
        if trial.trace.key.startswith(wanted):
            count, found = count + 1, trial
    if found is None or count > 1:
        raise UserError(
            f"{count or 'no'} trials match {wanted!r}; there are {len(trials)}, numbered "
            "from 0 as `allegiance show RUN` lists them"
        )
    return found
