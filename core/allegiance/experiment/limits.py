"""The limits of a trial, the budget of a run, and the prices of tokens, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from allegiance.trace.wire import Wire

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Dollars = Annotated[float, Field(ge=0, allow_inf_nan=False)]


@dataclass(frozen=True)
class Limits:
    """The limits of a trial.

    Attributes:
        timeout: Wall time in seconds.
        turns: Turns of all models together.
        attempts: Attempts of a model call that fails at the provider.
        backoff: Seconds before the second attempt.
        request: Seconds that a provider may take for one answer; half of ``timeout`` by default.
        tokens: Tokens sent and received, after which no further turn follows; None sets no limit.
        cost: The same in US dollars.
        nudges: How often a critic that stops without a closing report is asked whether anything is
            left to do.
        prices: The user's own prices by model, in dollars per million tokens sent and received;
            other models have the prices of the price list.
        cache: Folder that keeps answers and uses them again; None keeps no answers.
    """

    timeout: float = 300.0
    turns: int = 40
    attempts: int = 4
    backoff: float = 1.0
    request: float | None = None
    tokens: int | None = None
    cost: float | None = None
    nudges: int = 1
    prices: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    cache: str | None = None


class Spending(Wire):
    """The limits of a trial in a plan file; None stands for the default.

    Attributes:
        timeout: Wall time in seconds.
        turns: Turns of all models together.
        attempts: Attempts of a model call that fails at the provider.
        backoff: Seconds before the second attempt.
        request: Seconds that a provider may take for one answer.
        tokens: Tokens sent and received, after which no further turn follows.
        cost: The same in US dollars.
        nudges: How often a critic that stops without a closing report is asked whether anything is
            left to do; 0 for never.
    """

    timeout: Positive | None = None
    turns: Annotated[int, Field(ge=1)] | None = None
    attempts: Annotated[int, Field(ge=1)] | None = None
    backoff: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    request: Positive | None = None
    tokens: Annotated[int, Field(ge=1)] | None = None
    cost: Positive | None = None
    nudges: Annotated[int, Field(ge=0)] | None = None


class Price(Wire):
    """The price of a model, in US dollars per million tokens."""

    input: Dollars
    output: Dollars


class Budget(Wire):
    """The budget of a run; None sets no limit.

    A run compares it with what was spent before every trial, and trials in flight still end: a run
    can exceed it by the use of the trials in flight. Answers from the cache are free.

    Attributes:
        calls: Model calls.
        tokens: Tokens, sent and received.
        cost: US dollars.
        seconds: Wall time; it starts again when a run continues.
    """

    calls: Annotated[int, Field(ge=1)] | None = None
    tokens: Annotated[int, Field(ge=1)] | None = None
    cost: Positive | None = None
    seconds: Positive | None = None
