"""The command that plays scenarios."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from allegiance.cli._option_groups import with_option_groups
from allegiance.cli._options import (
    ByOption,
    ExecutorOptions,
    FolderOptions,
    PlayOptions,
    PriceOption,
    StopOptions,
    SubjectOptions,
)
from allegiance.cli._print import say
from allegiance.cli._run_options import RunOptions, plan_run
from allegiance.cli._tables import as_fields, print_states, print_tables

if TYPE_CHECKING:
    from allegiance.run.execution import RunResult


@with_option_groups
def command(
    subject: SubjectOptions,
    play: PlayOptions,
    executor: ExecutorOptions,
    stop: StopOptions,
    folder: FolderOptions,
    scenarios: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SCENARIO",
            help="Scenarios, as `allegiance list scenarios` shows them; all by default.",
        ),
    ] = None,
    price: PriceOption = None,
    by: ByOption = "model,behaviour,pattern",
) -> None:
    """Play scenarios with a model, in a ready-made pattern or in your own app, and print the rates.

    Each rate is printed with its interval. Ctrl-C keeps the trials that have ended. Exit code 1:
    every trial was an error.
    """
    from allegiance.cli._progress import show_progress
    from allegiance.run.execution import execute

    fields = as_fields(by)
    options = RunOptions(scenarios or (), subject, play, executor, stop, folder, price or ())
    manifest, execution = plan_run(options)
    result = execute(
        manifest,
        execution,
        out=folder.resume or folder.out,
        resume=folder.resume is not None,
        progress=show_progress,
    )
    _finish(result, fields)


def _finish(result: RunResult, fields: tuple[str, ...]) -> None:
    """Print the tables and leave with the exit code of the run."""
    from allegiance.report.excerpt import one_line
    from allegiance.store.writer import read
    from allegiance.trace.exercise import summary

    if result.outcomes:
        print_tables(read(result.folder).trials, fields)
    if result.states:
        print_states(result.states)
    for record in result.exercise:
        if record.cause:
            say(
                f"{record.app or record.full_pattern} in {record.scenario}: {record.reason()}",
                err=True,
            )
    if shown := summary(result.exercise):
        say(shown, err=True)
    cause = result.stopped or ("the run was interrupted" if result.interrupted else "")
    if cause:
        again = f"allegiance run --resume {shlex.quote(str(result.folder))}"
        larger = " with a larger budget" if result.stopped and "seconds" not in cause else ""
        say(
            f"stopped: {cause}; the trials that ended are kept, `{again}` continues the run"
            f"{larger}",
            err=True,
        )
    if result.interrupted:
        raise typer.Exit(130)
    if set(result.outcomes) == {"error"}:
        first = next(iter(read(result.folder).trials))
        shown = shlex.quote(str(result.folder))
        say(
            f"every trial crashed, the first with {one_line(first.trace.error or '')}; see it with "
            f"`allegiance show {shown} 0`",
            err=True,
        )
        raise typer.Exit(1)
