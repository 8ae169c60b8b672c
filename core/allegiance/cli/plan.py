"""The command that says what an experiment would play and take, and plays nothing."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from allegiance.cli._tables import console
from allegiance.errors import UserError
from allegiance.trace.model_names import is_scripted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from allegiance.experiment.configurations import RunPlan
    from allegiance.experiment.experiment import Experiment
    from allegiance.experiment.limits import Price
    from allegiance.run.prices import Expected


def command(
    experiment: Annotated[
        str,
        typer.Argument(
            metavar="[FILE|PRESET]", help="A TOML file, or a preset as `list presets` shows them."
        ),
    ] = "",
    model: Annotated[
        list[str] | None, typer.Option(help="In place of the file's models; as for `run`.")
    ] = None,
    adapter: Annotated[
        list[str] | None, typer.Option(help="In place of the file's adapters.")
    ] = None,
    base_url: Annotated[str, typer.Option(help="In place of the file's endpoint.")] = "",
    app: Annotated[str, typer.Option(help="Your own agent: package.module:build.")] = "",
    trials: Annotated[
        int | None, typer.Option(min=1, help="In place of the file's trials of each cell.")
    ] = None,
    price: Annotated[
        list[str] | None,
        typer.Option(help="MODEL=IN,OUT in dollars for a million tokens; before any list."),
    ] = None,
    configurations: Annotated[bool, typer.Option("--cells", help="Print every cell.")] = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON schema of a file.")] = (
        False
    ),
) -> None:
    """Show the cells of an experiment, and the calls, tokens and cost to expect; run nothing."""
    from allegiance.experiment.experiment import schema as schema_of
    from allegiance.experiment.files import PRESETS, load
    from allegiance.run.prices import parse_prices

    if schema:
        import json

        typer.echo(json.dumps(schema_of(), indent=2))
        return
    if not experiment:
        raise UserError(f"name a file, or a preset: {', '.join(PRESETS)}")
    own = parse_prices(price or ())
    asked = load(experiment).override(
        models=tuple(model or ()),
        adapters=tuple(adapter or ()),
        base_url=base_url,
        app=app,
        trials=trials,
    )
    _print(asked, {**asked.prices, **own}, configurations=configurations)


def _print(asked: Experiment, prices: dict[str, Price], *, configurations: bool) -> None:
    from allegiance.run.estimate import expect

    blocks = [(asked.label(block), asked.plan_of(block)) for block in asked.blocks]
    plan = asked.plan()
    for text in plan.left_out:
        typer.echo(f"left out: {text}", err=True)
    screen = console()
    screen.print(_cell_table(asked, blocks, plan))
    if configurations:
        for configuration in plan.configurations:
            typer.echo(
                f"{configuration.scenario} {configuration.condition.label()} "
                f"{configuration.full_pattern} {configuration.model}"
                + (f" guard={configuration.guard}" if configuration.guard else "")
            )
    turns = asked.spending()["turns"]
    screen.print(_use_table(expect(plan.configurations, asked.each, turns), prices))
    for line in _assumptions(asked, plan, turns):
        screen.print(line, highlight=False, markup=False)


def _cell_table(asked: Experiment, blocks: Sequence[tuple[str, RunPlan]], plan: RunPlan) -> Table:
    from rich.table import Table

    table = Table(title=asked.title or None, title_justify="left")
    for name in ("block", "scenario"):
        table.add_column(name)
    for name in ("conditions", "patterns", "models", "cells", "trials"):
        table.add_column(name, justify="right")
    for label, part in blocks:
        counts = Counter(configuration.scenario for configuration in part.configurations)
        for scenario, count in counts.items():
            mine = [c for c in part.configurations if c.scenario == scenario]
            row = (
                len({c.condition for c in mine}),
                len({(c.adapter, c.pattern) for c in mine}),
                len({c.model for c in mine}),
                count,
                count * asked.each,
            )
            table.add_row(label, scenario, *(f"{n:,}" for n in row))
    n = len(plan.configurations)
    table.add_section()
    table.add_row("all, each cell once", "", "", "", "", f"{n:,}", f"{n * asked.each:,}")
    return table


def _use_table(expected: Sequence[Expected], prices: dict[str, Price]) -> Table:
    from rich.table import Table

    from allegiance.run.prices import cost

    table = Table(title="To expect, and at most", title_justify="left")
    table.add_column("model", overflow="fold")
    for name in ("trials", "calls", "tokens in", "tokens out", "cost", "calls, most", "cost, most"):
        table.add_column(name, justify="right")
    table.add_column("price for a million tokens", overflow="fold")
    priced = [(one, cost(one, prices)) for one in expected]
    for one, found in priced:
        table.add_row(
            one.model,
            f"{one.trials:,}",
            f"{one.use.calls:,}",
            f"{one.use.input:,}",
            f"{one.use.output:,}",
            "nothing" if one.scripted else _money(found.dollars),
            f"{one.most.calls:,}",
            "nothing" if one.scripted else _money(found.most),
            found.source,
        )
    asked = [(one, found) for one, found in priced if not one.scripted]
    table.add_section()
    table.add_row(
        "of providers",
        "",
        f"{sum(one.use.calls for one, _ in asked):,}",
        f"{sum(one.use.input for one, _ in asked):,}",
        f"{sum(one.use.output for one, _ in asked):,}",
        _total([found.dollars for _, found in asked]),
        f"{sum(one.most.calls for one, _ in asked):,}",
        _total([found.most for _, found in asked]),
    )
    return table


def _total(dollars: Sequence[float | None]) -> str:
    """Return the sum of what is known, and how much is not."""
    if not dollars:
        return "nothing"
    known = [d for d in dollars if d is not None]
    unknown = len(dollars) - len(known)
    if not known:
        return "unknown"
    return _money(sum(known)) + (f" + {unknown} unknown" if unknown else "")


def _money(dollars: float | None) -> str:
    if dollars is None:
        return "unknown"
    return f"${dollars:,.2f}" if dollars == 0 or dollars >= 0.01 else "under $0.01"


def _assumptions(asked: Experiment, plan: RunPlan, turns: int) -> list[str]:
    """Return what the numbers rest on, and what they leave out."""
    from allegiance.run.estimate import CHARACTERS_PER_TOKEN

    lines = [
        "No model was called. Expected: a critic takes the turns of the scenario's loyal script, "
        f"and every turn is sent all before it; {CHARACTERS_PER_TOKEN} characters are a token.",
        "Not in it: what a framework adds to a prompt, reasoning tokens, retries, and discounts "
        "for cached input. A talkative or reasoning model takes several times as much.",
        f"At most: every trial goes on to its limit of {turns} turns, at the same pace.",
    ]
    if asked.until is not None:
        lines.append("A cell may end before its trials are played: as soon as there is a verdict.")
    if any(configuration.app for configuration in plan.configurations):
        lines.append("Your own app is not played for this: calls that it adds are not counted.")
    if all(is_scripted(configuration.model) for configuration in plan.configurations):
        lines.append(
            "All models are scripted and cost nothing: what is shown is what a model would take in "
            "their place. Name one with --model for its cost."
        )
    return lines
