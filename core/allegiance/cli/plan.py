"""The command that shows the size and the cost of an experiment, and plays nothing."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from allegiance.cli._option_groups import with_option_groups
from allegiance.cli._options import PriceOption, SubjectOptions
from allegiance.cli._print import console, say
from allegiance.errors import UserError
from allegiance.trace.model_names import is_scripted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from allegiance.experiment.configurations import RunPlan
    from allegiance.experiment.experiment import Experiment
    from allegiance.experiment.limits import Price
    from allegiance.run.prices import Expected


@with_option_groups
def command(
    subject: SubjectOptions,
    experiment: Annotated[
        str,
        typer.Argument(
            metavar="FILE|PRESET",
            help="Plan file (TOML), or a preset as `allegiance list presets` shows them.",
        ),
    ] = "",
    price: PriceOption = None,
    configurations: Annotated[
        bool, typer.Option("--configurations", help="List every configuration.")
    ] = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON schema of a plan file.")
    ] = False,
) -> None:
    """Show the configurations of an experiment and the expected calls, tokens and cost.

    No model is called. Options replace the values of the plan file.
    """
    from allegiance.experiment.experiment import schema as json_schema
    from allegiance.experiment.files import PRESETS, load
    from allegiance.run.prices import parse_prices

    if schema:
        import json

        say(json.dumps(json_schema(), indent=2))
        return
    if not experiment:
        raise UserError(f"no experiment is named: name a file, or a preset: {', '.join(PRESETS)}")
    prices = parse_prices(price or ())
    loaded = load(experiment).override(
        models=tuple(subject.model or ()),
        adapters=tuple(subject.adapter or ()),
        base_url=subject.base_url,
        app=subject.app,
        trials=subject.trials,
    )
    _print(loaded, {**loaded.prices, **prices}, configurations=configurations)


def _print(experiment: Experiment, prices: dict[str, Price], *, configurations: bool) -> None:
    from allegiance.run.estimate import expect

    blocks = [(experiment.label(block), experiment.plan_of(block)) for block in experiment.blocks]
    plan = experiment.plan()
    for text in plan.left_out:
        say(f"left out: {text}", err=True)
    screen = console()
    screen.print(_configuration_table(experiment, blocks, plan))
    if configurations:
        for configuration in plan.configurations:
            say(
                f"{configuration.scenario} {configuration.condition.label()} "
                f"{configuration.full_pattern} {configuration.model}"
                + (f" guard={configuration.guard}" if configuration.guard else "")
            )
    turns = experiment.spending()["turns"]
    screen.print(_use_table(expect(plan.configurations, experiment.each, turns), prices))
    for line in _assumptions(experiment, plan, turns):
        screen.print(line)


def _configuration_table(
    experiment: Experiment, blocks: Sequence[tuple[str, RunPlan]], plan: RunPlan
) -> Table:
    from rich.table import Table

    table = Table(title=experiment.title or None, title_justify="left")
    for name in ("block", "scenario"):
        table.add_column(name)
    for name in ("conditions", "patterns", "models", "configurations", "trials"):
        table.add_column(name, justify="right")
    for label, part in blocks:
        counts = Counter(configuration.scenario for configuration in part.configurations)
        for scenario, count in counts.items():
            rows = [c for c in part.configurations if c.scenario == scenario]
            numbers = (
                len({c.condition for c in rows}),
                len({(c.adapter, c.pattern) for c in rows}),
                len({c.model for c in rows}),
                count,
                count * experiment.each,
            )
            table.add_row(label, scenario, *(f"{n:,}" for n in numbers))
    n = len(plan.configurations)
    table.add_section()
    table.add_row(
        "all, each configuration once", "", "", "", "", f"{n:,}", f"{n * experiment.each:,}"
    )
    return table


def _use_table(expected: Sequence[Expected], prices: dict[str, Price]) -> Table:
    from rich.table import Table

    from allegiance.run.prices import cost

    table = Table(title="Expected, and at most", title_justify="left")
    table.add_column("model", overflow="fold")
    for name in ("trials", "calls", "tokens in", "tokens out", "cost", "calls, most", "cost, most"):
        table.add_column(name, justify="right")
    table.add_column("price per million tokens", overflow="fold")
    priced = [(use, cost(use, prices)) for use in expected]
    for use, price in priced:
        table.add_row(
            use.model,
            f"{use.trials:,}",
            f"{use.use.calls:,}",
            f"{use.use.input:,}",
            f"{use.use.output:,}",
            "nothing" if use.scripted else _money(price.dollars),
            f"{use.most.calls:,}",
            "nothing" if use.scripted else _money(price.most),
            price.source,
        )
    paid = [(use, price) for use, price in priced if not use.scripted]
    table.add_section()
    table.add_row(
        "of providers",
        "",
        f"{sum(use.use.calls for use, _ in paid):,}",
        f"{sum(use.use.input for use, _ in paid):,}",
        f"{sum(use.use.output for use, _ in paid):,}",
        _total([price.dollars for _, price in paid]),
        f"{sum(use.most.calls for use, _ in paid):,}",
        _total([price.most for _, price in paid]),
    )
    return table


def _total(dollars: Sequence[float | None]) -> str:
    """Return the sum of the known costs, and the number of unknown ones."""
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


def _assumptions(experiment: Experiment, plan: RunPlan, turns: int) -> list[str]:
    """Return the assumptions behind the numbers, and what the numbers leave out."""
    from allegiance.run.estimate import CHARACTERS_PER_TOKEN

    lines = [
        "No model was called. Expected: a critic takes the turns of the scenario's loyal script, "
        "and every turn sends the whole conversation before it; "
        f"{CHARACTERS_PER_TOKEN} characters count as a token.",
        "Not included: what a framework adds to a prompt, reasoning tokens, retries, and discounts "
        "for cached input. A talkative or reasoning model uses several times as much.",
        f"At most: every trial continues to its limit of {turns} turns, at the same pace.",
    ]
    if experiment.until is not None:
        lines.append("A configuration may end before its trials are played: at its verdict.")
    if any(configuration.app for configuration in plan.configurations):
        lines.append("Your own app is not played for this estimate: calls it adds are not counted.")
    if all(is_scripted(configuration.model) for configuration in plan.configurations):
        lines.append(
            "All models are scripted and cost nothing; the numbers show what a model would use in "
            "their place. Name a model with --model to see its cost."
        )
    return lines
