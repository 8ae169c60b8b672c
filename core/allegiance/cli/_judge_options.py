"""The options of a judge model, for ``judge`` and ``rescore``, and the judge that they name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from allegiance.cli._options import PriceOption
from allegiance.errors import UserError

if TYPE_CHECKING:
    from allegiance.judge.model import Judge
    from allegiance.judge.reply import MeteredAsk

VALIDATION = "judge-validation.json"
MOST_CLOSINGS = 1000
"""Most calls of a judge that reads closing words, unless ``--max-calls`` says otherwise."""


@dataclass(frozen=True)
class JudgeOptions:
    """The model that reads traces."""

    judge: Annotated[
        str,
        typer.Option(
            metavar="PROVIDER:MODEL",
            help="Model that reads the traces, or 'rules' to use the built-in rules and no model.",
        ),
    ] = ""
    base_url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="OpenAI-compatible endpoint that serves the judge."),
    ] = None
    concurrency: Annotated[int, typer.Option(min=1, help="Questions asked at once.")] = 4
    timeout: Annotated[float, typer.Option(min=0.001, help="Seconds a call may take.")] = 120.0
    retries: Annotated[
        int, typer.Option(min=0, help="Retries of a call that fails at the provider.")
    ] = 3
    max_calls: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Most calls of the judge, retries included; what is not asked stays unread. "
            "1,000 by default where closing messages are read.",
        ),
    ] = None
    cache: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Folder of cached replies of the judge; a question that was asked before is "
            "answered from it.",
        ),
    ] = None
    price: PriceOption = None

    def refuse_without_judge(self) -> None:
        """Refuse options of a judge that is not named.

        Raises:
            UserError: If one is set.
        """
        for field in fields(self):
            if getattr(self, field.name) != field.default and not self.judge:
                name = field.name.replace("_", "-")
                raise UserError(f"--{name} is an option of the judge: add --judge PROVIDER:MODEL")


@contextmanager
def judge_of(options: JudgeOptions, most: int | None) -> Iterator[tuple[Judge, MeteredAsk | None]]:
    """Yield the judge, and the meter of its calls; the rules have none.

    Args:
        options: The options.
        most: Most calls of the model; None for any number.

    Raises:
        UserError: If it is a script, the model cannot be used, or a price is of another form.
    """
    from contextlib import nullcontext

    from allegiance.judge.model import RULES, Judge
    from allegiance.judge.reply import MeteredAsk
    from allegiance.provider.cache import ResponseCache
    from allegiance.run.prices import parse_prices
    from allegiance.scenario.roles import parse_model
    from allegiance.trace.redact import redact

    parse_prices(options.price or ())  # a mistake must not show only after the calls
    if options.judge == RULES:
        yield Judge(RULES, "no model", None), None
        return
    model = parse_model(options.judge, options.base_url)
    if model.scripted_agent is not None:
        raise UserError(
            f"--judge {options.judge!r} is a script and cannot read; use PROVIDER:MODEL"
        )
    from allegiance.adapters.langchain.judge import connect

    ask = connect(model, options.timeout)
    with ResponseCache(options.cache) if options.cache is not None else nullcontext() as cache:
        meter = MeteredAsk(ask, f"{model.path} {model.spec}", most, cache)
        judge = Judge(model.spec, redact(model.path), meter, attempts=options.retries + 1)
        yield judge, meter


def spending(options: JudgeOptions, meter: MeteredAsk) -> str:
    """Return what a judge has cost, in words."""
    from allegiance.run.prices import Use, parse_prices, price

    use = Use(meter.calls, meter.input_tokens, meter.output_tokens)
    own = parse_prices(options.price or ())
    dollars, source = price(options.judge, use, own, options.base_url)
    cost = "at an unknown price" if dollars is None else f"${dollars:.4f}"
    return (
        f"{meter.calls} calls of the judge, {meter.cached} answers from the cache, "
        f"{meter.input_tokens:,} + {meter.output_tokens:,} tokens, {cost} ({source})"
    )
