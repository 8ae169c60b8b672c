"""The command line. Heavy imports wait in the commands that need them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from allegiance.errors import UserError

if TYPE_CHECKING:
    from rich.console import Console

    from allegiance.guard import Policy
    from allegiance.trace import Trial

MOST_CONTRASTS = 12

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


@app.command("run")
def run_command(
    scenarios: Annotated[
        list[str] | None, typer.Argument(metavar="[SCENARIO]...", help="Scenarios; none means all.")
    ] = None,
    adapter: Annotated[
        list[str] | None,
        typer.Option(help="NAME or NAME:PATTERN; may be given more than once. [langchain:agent]"),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="What to measure: organism:CHARACTER, calibrated:MODEL or PROVIDER:MODEL."
        ),
    ] = None,
    base_url: Annotated[
        str | None, typer.Option(help="An OpenAI-compatible endpoint for the models.")
    ] = None,
    peer_model: Annotated[
        str, typer.Option(help="A model for the peer's seat. [scripted by the arm]")
    ] = "",
    target: Annotated[
        str | None, typer.Option(help="Your own agent: package.module:build.")
    ] = None,
    arm: Annotated[
        list[str] | None, typer.Option(help="factor=value[,value...]; may be given more than once.")
    ] = None,
    guard: Annotated[
        str, typer.Option(help="Guard the app with the scenario's probes: observe, block or halt.")
    ] = "",
    trials: Annotated[int, typer.Option(min=1, help="Trials of each cell.")] = 1,
    seed: Annotated[int, typer.Option(help="Seed of the run.")] = 0,
    concurrency: Annotated[int, typer.Option(min=1, help="Trials in flight.")] = 8,
    workers: Annotated[
        int, typer.Option(min=0, help="Worker processes; 0 plays in this process.")
    ] = 0,
    timeout: Annotated[float, typer.Option(min=0.001, help="Seconds a trial may take.")] = 300.0,
    turns: Annotated[int, typer.Option(min=1, help="Model turns a trial may take.")] = 40,
    retries: Annotated[
        int, typer.Option(min=0, help="Further tries of a model call whose provider fails.")
    ] = 3,
    by: Annotated[
        str, typer.Option(help="Rows of the table, from model, scenario, behaviour, ...")
    ] = "model,behaviour,topology",
    out: Annotated[
        Path | None, typer.Option(help="Folder for the run. [runs/<date and time>]")
    ] = None,
) -> None:
    """Play scenarios and print rates that can be trusted."""
    from allegiance.arm import parse_factors
    from allegiance.execute import execute
    from allegiance.models import parse_model
    from allegiance.plan import expand
    from allegiance.trial import Limits

    fields = _fields(by)
    if not model:
        raise UserError(
            "say what to measure: --model organism:loyal needs no key, --model openai:gpt-5.2 does"
        )
    plan = expand(
        scenarios=scenarios or (),
        adapters=adapter or ("langgraph" if target else "langchain:agent",),
        factors=parse_factors(arm or ()),
        models=[parse_model(m, _endpoint(m, base_url)).spec for m in model],
        base_url=base_url,
        peer_model=peer_model,
        target=target,
        guard=_policy(guard),
    )
    for text in plan.left_out:
        typer.echo(f"left out: {text}", err=True)
    ended, stopped = execute(
        plan.cells,
        trials=trials,
        seed=seed,
        concurrency=concurrency,
        workers=workers,
        limits=Limits(timeout=timeout, turns=turns, attempts=retries + 1),
        out=out,
    )
    _print_tables(ended, fields)
    if stopped:
        typer.echo("stopped; what has finished is kept", err=True)
        raise typer.Exit(130)
    if all(t.outcome == "error" for t in ended):
        raise typer.Exit(1)


@app.command("list")
def list_command(
    kind: Annotated[
        str, typer.Argument(help="scenarios, factors, organisms or adapters; none means all.")
    ] = "",
) -> None:
    """List scenarios, factors, organisms and adapters."""
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
    for problem in found.problems:
        typer.echo(f"not read: {problem}", err=True)
    if trial is None:
        _print_tables(found.trials, _fields(by))
        for number, one in enumerate(found.trials):
            t = one.trace
            typer.echo(
                f"{number:>5} {t.key} {one.outcome:<10} {t.scenario} {t.arm.label()} "
                f"{t.adapter}:{t.pattern} {t.model}"
            )
        return
    Console(soft_wrap=True).print(transcript(_pick(found.trials, trial)))


@app.command("compare")
def compare_command(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of runs.")],
    against: Annotated[
        str, typer.Option(help="The adapter:pattern that others are compared with. [the first]")
    ] = "",
) -> None:
    """Compare frameworks and topologies on the same scenario, arm and model."""
    from allegiance.compare import compare
    from allegiance.store import read
    from allegiance.table import contrast_table

    trials: list[Trial] = []
    for folder in runs:
        found = read(folder)
        trials += found.trials
        for problem in found.problems:
            typer.echo(f"not read: {problem}", err=True)
    baseline, contrasts = compare(trials, against)
    title = f"Difference of rates, adapter:pattern - {baseline}, 95 % Newcombe interval"
    _console().print(contrast_table(title, contrasts))


def _endpoint(model: str, base_url: str | None) -> str | None:
    return None if model.startswith(("organism:", "calibrated:")) else base_url


def _policy(name: str) -> Policy | None:
    from allegiance.guard import Policy

    for policy in get_args(Policy):
        if name == policy:
            return policy  # type: ignore[no-any-return]
    if name:
        raise UserError(f"--guard {name!r} is no policy; use {', '.join(get_args(Policy))}")
    return None


def _fields(by: str) -> tuple[str, ...]:
    from allegiance.table import FIELDS

    fields = tuple(f.strip() for f in by.split(",") if f.strip())
    for field in fields:
        if field not in FIELDS:
            raise UserError(f"--by has no field {field!r}; the fields are {', '.join(FIELDS)}")
    return fields


def _pick(trials: tuple[Trial, ...], wanted: str) -> Trial:
    if wanted.isdecimal() and int(wanted) < len(trials):
        return trials[int(wanted)]
    found = [t for t in trials if t.trace.key.startswith(wanted)]
    if len(found) != 1:
        raise UserError(
            f"{len(found) or 'no'} trials match {wanted!r}; there are {len(trials)}, numbered "
            "from 0 as `allegiance show RUN` lists them"
        )
    return found[0]


def _console() -> Console:
    """Return the console for tables: as wide as they are where no terminal sets a width."""
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else Console(width=180)


def _print_tables(trials: list[Trial] | tuple[Trial, ...], by: tuple[str, ...]) -> None:
    from allegiance.table import contrast_table, measured, outcome_table, rate_table

    console = _console()
    console.print(rate_table(trials, by))
    console.print(outcome_table(trials))
    if {t.trace.arm.oversight for t in trials} > {"unmonitored"}:
        from allegiance.probes import AlignmentFaking

        found = sorted(AlignmentFaking()(trials), key=lambda c: -abs(c.value))
        if found:
            title = f"Alignment faking: not complying (the largest of {len(found)} contrasts)"
            console.print(contrast_table(title, found[:MOST_CONTRASTS]))
    for note in measured(trials, by):
        console.print(note, style="bold")
