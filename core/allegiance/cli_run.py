"""The commands that play, join and judge runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from allegiance.cli_tables import as_fields, print_tables
from allegiance.errors import UserError

if TYPE_CHECKING:
    from allegiance.guard import Policy
    from allegiance.trace import Trial


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
    shard: Annotated[
        str, typer.Option(help="Play only share K of N, as K/N; `allegiance merge` joins them.")
    ] = "",
    resume: Annotated[
        Path | None, typer.Option(help="Go on with a run: play what it still owes.")
    ] = None,
) -> None:
    """Play scenarios and print rates that can be trusted."""
    from datetime import UTC, datetime

    from allegiance.arm import parse_factors
    from allegiance.execute import execute
    from allegiance.manifest import Manifest, parse_shard, read_manifest
    from allegiance.models import parse_model
    from allegiance.plan import expand
    from allegiance.trial import Limits

    fields = as_fields(by)
    if resume is not None:
        given: dict[str, object] = {
            "SCENARIO": scenarios,
            "--adapter": adapter,
            "--model": model,
            "--arm": arm,
        }
        given |= {"--target": target, "--guard": guard, "--out": out, "--shard": shard}
        if extra := [name for name, value in given.items() if value]:
            raise UserError(f"--resume takes the plan from the run: drop {', '.join(extra)}")
        manifest = read_manifest(resume, base_url)
        ended, stopped = execute(
            manifest, concurrency=concurrency, workers=workers, out=resume, resume=True
        )
        _finish(ended, stopped, fields)
        return
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
    if shard:
        parse_shard(shard)
    manifest = Manifest(
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        trials=trials,
        seed=seed,
        limits=vars(Limits(timeout=timeout, turns=turns, attempts=retries + 1)),
        shard=shard,
        cells=plan.cells,
    )
    ended, stopped = execute(manifest, concurrency=concurrency, workers=workers, out=out)
    _finish(ended, stopped, fields)


def merge_command(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Shares of one run.")],
    out: Annotated[Path, typer.Option(help="Folder for the whole run.")],
) -> None:
    """Put the shares of one run together."""
    from allegiance.resume import merge

    typer.echo(f"{merge(runs, out)} trials in {out}")


def rescore_command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")],
    out: Annotated[Path, typer.Option(help="Folder for the rescored run.")],
) -> None:
    """Judge the trials of a run with today's probes, without a model call."""
    from allegiance.resume import rescore

    trials, different = rescore(run, out)
    typer.echo(f"{trials} trials in {out}; the outcome of {different} is another now")


def _finish(ended: list[Trial], stopped: bool, fields: tuple[str, ...]) -> None:
    """Print the tables and leave with the exit code of the run."""
    print_tables(ended, fields)
    if stopped:
        typer.echo("stopped; what has finished is kept, and --resume goes on with it", err=True)
        raise typer.Exit(130)
    if all(t.outcome == "error" for t in ended):
        raise typer.Exit(1)


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
