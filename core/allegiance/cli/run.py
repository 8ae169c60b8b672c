"""The command that plays scenarios."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from allegiance.cli._run_options import as_budget, as_limits, as_policy, given, new_run, old_run
from allegiance.cli._tables import as_fields, print_states, print_tables
from allegiance.errors import UserError

if TYPE_CHECKING:
    from allegiance.run.execution import RunResult

# the panels of the help
WHAT, HOW = "What is played", "How it is played"
STOP, WHERE = "When to stop", "Where it goes"


def command(
    scenarios: Annotated[
        list[str] | None, typer.Argument(metavar="[SCENARIO]...", help="Scenarios; none means all.")
    ] = None,
    plan: Annotated[
        str,
        typer.Option(
            help="An experiment: a TOML file, or a preset as `list presets` shows them.",
            rich_help_panel=WHAT,
        ),
    ] = "",
    adapter: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME or NAME:PATTERN, langchain:agent by default; more than once.",
            rich_help_panel=WHAT,
        ),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="What to measure: scripted:CHARACTER, calibrated:MODEL or PROVIDER:MODEL.",
            rich_help_panel=WHAT,
        ),
    ] = None,
    base_url: Annotated[
        str | None,
        typer.Option(help="An OpenAI-compatible endpoint for the models.", rich_help_panel=WHAT),
    ] = None,
    peer_model: Annotated[
        str,
        typer.Option(
            help="A model for the peer's role; scripted by the condition by default.",
            rich_help_panel=WHAT,
        ),
    ] = "",
    app: Annotated[
        str | None,
        typer.Option(help="Your own agent: package.module:build.", rich_help_panel=WHAT),
    ] = None,
    condition: Annotated[
        list[str] | None,
        typer.Option(
            help="factor=value[,value...]; may be given more than once.", rich_help_panel=WHAT
        ),
    ] = None,
    guard: Annotated[
        str,
        typer.Option(
            help="Guard the app with the scenario's probes: observe, block or halt.",
            rich_help_panel=WHAT,
        ),
    ] = "",
    trials: Annotated[
        int | None, typer.Option(min=1, help="Trials of each cell. [1]", rich_help_panel=WHAT)
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed of the run. [0]", rich_help_panel=WHAT)
    ] = None,
    concurrency: Annotated[
        int | None, typer.Option(min=1, help="Trials in flight. [8]", rich_help_panel=HOW)
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=0, help="Worker processes; 0 plays in this process. [0]", rich_help_panel=HOW
        ),
    ] = None,
    executor: Annotated[
        str, typer.Option(help="local, or ray: on a cluster.", rich_help_panel=HOW)
    ] = "local",
    address: Annotated[
        str | None,
        typer.Option(help="A Ray cluster; one on this machine by default.", rich_help_panel=HOW),
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option(
            help="Folder of models' answers: what was asked before is not asked again.",
            rich_help_panel=HOW,
        ),
    ] = None,
    retries: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Further tries of a model call whose provider fails. [3]",
            rich_help_panel=HOW,
        ),
    ] = None,
    until_verdict: Annotated[
        bool,
        typer.Option(
            "--until-verdict",
            help="Stop a cell as soon as it is established to be within --max-rate, or above it.",
            rich_help_panel=STOP,
        ),
    ] = False,
    max_rate: Annotated[
        float | None,
        typer.Option(help="The limit of --until-verdict. [0.05]", rich_help_panel=STOP),
    ] = None,
    alpha: Annotated[
        float | None,
        typer.Option(help="Chance of a wrong verdict, at most. [0.05]", rich_help_panel=STOP),
    ] = None,
    power: Annotated[
        float | None,
        typer.Option(
            help="Chance of a verdict, which sets --trials where it is not given. [0.8]",
            rich_help_panel=STOP,
        ),
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option(min=0.001, help="Seconds a trial may take. [300]", rich_help_panel=STOP),
    ] = None,
    request_timeout: Annotated[
        float | None,
        typer.Option(
            min=0.001,
            help="Seconds a provider may take for an answer; half of --timeout by default.",
            rich_help_panel=STOP,
        ),
    ] = None,
    turns: Annotated[
        int | None,
        typer.Option(min=1, help="Model calls a trial may take. [40]", rich_help_panel=STOP),
    ] = None,
    trial_tokens: Annotated[
        int | None, typer.Option(min=1, help="Tokens a trial may use.", rich_help_panel=STOP)
    ] = None,
    trial_cost: Annotated[
        float | None, typer.Option(min=0, help="Dollars a trial may cost.", rich_help_panel=STOP)
    ] = None,
    max_calls: Annotated[
        int | None, typer.Option(min=1, help="Model calls of the run.", rich_help_panel=STOP)
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option(min=1, help="Tokens of the run.", rich_help_panel=STOP)
    ] = None,
    max_cost: Annotated[
        float | None, typer.Option(min=0, help="Dollars of the run.", rich_help_panel=STOP)
    ] = None,
    max_seconds: Annotated[
        float | None, typer.Option(min=0, help="Wall time of the run.", rich_help_panel=STOP)
    ] = None,
    price: Annotated[
        list[str] | None,
        typer.Option(
            help="MODEL=IN,OUT in dollars for a million tokens; before any list.",
            rich_help_panel=STOP,
        ),
    ] = None,
    by: Annotated[
        str,
        typer.Option(
            help="Rows of the table, from model, scenario, behaviour, ...", rich_help_panel=WHERE
        ),
    ] = "model,behaviour,pattern",
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the run; runs/<date and time> by default.", rich_help_panel=WHERE
        ),
    ] = None,
    shard: Annotated[
        str,
        typer.Option(
            help="Play only share K of N, as K/N; `allegiance merge` joins them.",
            rich_help_panel=WHERE,
        ),
    ] = "",
    resume: Annotated[
        Path | None,
        typer.Option(help="Go on with a run: play what it still owes.", rich_help_panel=WHERE),
    ] = None,
) -> None:
    """Play scenarios and print rates that can be trusted."""
    from allegiance.cli._progress import show_progress
    from allegiance.run.execution import ExecutionOptions, execute
    from allegiance.run.prices import parse_prices

    fields = as_fields(by)
    limits: dict[str, Any] = {
        "timeout": timeout,
        "turns": turns,
        "attempts": None if retries is None else retries + 1,
        "request": request_timeout,
        "tokens": trial_tokens,
        "cost": trial_cost,
        "prices": {m: (p.input, p.output) for m, p in parse_prices(price or ()).items()},
    }
    budget = {"calls": max_calls, "tokens": max_tokens, "cost": max_cost, "seconds": max_seconds}
    until = given({"max_rate": max_rate, "alpha": alpha, "power": power})
    if until and not until_verdict:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in until)
        raise UserError(f"add --until-verdict, or drop {names}")
    asked: dict[str, Any] = {
        "models": tuple(model or ()),
        "adapters": tuple(adapter or ()),
        "base_url": base_url,
        "peer_model": peer_model,
        "app": app,
        "guard": as_policy(guard),
        "trials": trials,
        "seed": seed,
        "concurrency": concurrency,
        "workers": workers,
    }
    if resume is not None:
        fixed = {**asked, "scenario": scenarios, "plan": plan, "condition": condition, "out": out}
        fixed |= {"shard": shard, "until_verdict": until_verdict}
        manifest, asked = old_run(resume, base_url, fixed), given(asked)
    else:
        manifest, asked = new_run(
            plan, scenarios or (), condition or (), asked, shard, until_verdict, until
        )
    manifest = manifest.model_copy(
        update={
            "limits": as_limits(manifest.limits, limits, resumed=resume is not None),
            "budget": as_budget(manifest.budget, budget),
        }
    )
    how = ExecutionOptions(
        concurrency=asked.get("concurrency") or 8,
        workers=asked.get("workers") or 0,
        executor=executor,
        address=address,
        cache=cache,
    )
    ended = execute(
        manifest, how, out=resume or out, resume=resume is not None, progress=show_progress
    )
    _finish(ended, fields)


def _finish(ended: RunResult, fields: tuple[str, ...]) -> None:
    """Print the tables and leave with the exit code of the run."""
    from allegiance.store.writer import read

    if ended.outcomes:
        print_tables(read(ended.folder).trials, fields)
    if ended.states:
        print_states(ended.states)
    why = ended.stopped or ("it was interrupted" if ended.interrupted else "")
    if why:
        again = f"allegiance run --resume {shlex.quote(str(ended.folder))}"
        more = " with a larger one" if ended.stopped and "seconds" not in ended.stopped else ""
        typer.echo(f"stopped: {why}; what has finished is kept, `{again}` goes on{more}", err=True)
    if ended.interrupted:
        raise typer.Exit(130)
    if set(ended.outcomes) == {"error"}:
        raise typer.Exit(1)
