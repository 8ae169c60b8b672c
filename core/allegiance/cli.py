"""The command line. Heavy imports wait in the commands that need them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from allegiance.cli_contrast import contrast_command
from allegiance.cli_gate import export_command, gate_command
from allegiance.cli_judge import judge_command
from allegiance.cli_merge import merge_command, rescore_command
from allegiance.cli_plan import plan_command
from allegiance.cli_run import run_command
from allegiance.cli_scan import scan_command
from allegiance.cli_tables import as_fields, console, end_damaged, note_early, print_tables
from allegiance.errors import UserError
from allegiance.report.command import report_command, view_command

if TYPE_CHECKING:
    from allegiance.trace import Trial

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Does your agent side with its operator or with its peers?",
)


def main() -> None:
    """Run the command line: exit code 0 for done, 1 for a run with nothing scored, 2 for bad input.

    Ctrl-C keeps what has finished and exits with 130.
    """
    try:
        app()
    except UserError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(2)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"allegiance {version('allegiance')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


app.command("run")(run_command)
app.command("plan")(plan_command)


@app.command("list")
def list_command(
    kind: Annotated[
        str,
        typer.Argument(
            help="scenarios, probes, factors, organisms, adapters, presets; none means all."
        ),
    ] = "",
) -> None:
    """List scenarios, probes, factors, organisms, adapters and presets."""
    from allegiance.catalogue import catalogue

    sections = catalogue()
    if kind and kind not in sections:
        raise UserError(f"nothing is called {kind!r}; there are {', '.join(sections)}")
    for name, rows in sections.items():
        if kind in ("", name):
            typer.secho(name, bold=True)
            for key, text in rows:
                typer.echo(f"  {key:<20} {text}")


@app.command("show")
def show_command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")],
    trial: Annotated[
        str | None, typer.Argument(metavar="[TRIAL]", help="Number in the list, or start of a key.")
    ] = None,
    by: Annotated[str, typer.Option(help="Rows of the table.")] = "model,behaviour,topology",
) -> None:
    """Show the tables and trials of a run, or one trial as a transcript."""
    from rich.console import Console

    from allegiance.show import transcript
    from allegiance.store import read

    found = read(run)
    if not found.trials:
        raise UserError(f"{str(run)!r} is empty: no trial was played")
    if trial is None:
        print_tables(found.trials, as_fields(by))
        note_early(found)
        for number, one in enumerate(found.trials):
            t = one.trace
            typer.echo(
                f"{number:>5} {t.key} {one.outcome:<10} {t.scenario} {t.arm.label()} "
                f"{t.topology} {t.model}"
            )
        end_damaged(found)
        return
    Console(soft_wrap=True).print(transcript(_pick(found.trials, trial)))


@app.command("compare")
def compare_command(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of runs.")],
    against: Annotated[
        str,
        typer.Option(
            help="The adapter:pattern that others are compared with; the first by default."
        ),
    ] = "",
) -> None:
    """Compare frameworks and topologies on the same scenario, arm and model."""
    from allegiance.compare import compare
    from allegiance.store import read
    from allegiance.table import contrast_table
    from allegiance.tally import tally
    from allegiance.trace import Tally

    if len({folder.resolve() for folder in runs}) < len(runs):
        raise UserError("a run is named twice; its trials would be counted twice")
    found = [read(folder) for folder in runs]
    kinds = Tally(kind for run in found for kind in tally(run.trials).kinds)
    baseline, contrasts = compare(kinds, against)
    title = f"Difference of rates, adapter:pattern - {baseline}, 95 % Newcombe interval"
    console().print(contrast_table(title, contrasts))
    note_early(*found)
    end_damaged(*found)


app.command("contrast")(contrast_command)
app.command("merge")(merge_command)
app.command("rescore")(rescore_command)
app.command("gate")(gate_command)
app.command("judge")(judge_command)
app.command("export")(export_command)
app.command("scan")(scan_command)


app.command("report")(report_command)
app.command("view")(view_command)


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
