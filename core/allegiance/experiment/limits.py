"""What a trial may use, what a run may spend, and what a model's tokens cost: plain data."""

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
    """What a trial may use.

    Attributes:
        timeout: Wall time in seconds.
        turns: Turns of all models together.
        attempts: Tries of a model call whose provider fails.
        backoff: Seconds before the second try.
        request: Seconds that a provider may take for one answer; half of ``timeout`` by default.
        tokens: Tokens read and written, after which no further turn is taken; None for any number.
        cost: The same in US dollars.
        prices: The user's own prices by model, dollars for a million tokens read and written; for
            other models those of the price list hold.
        cache: Folder of earlier answers, which are used again; None keeps none.
    """

    timeout: float = 300.0
    turns: int = 40
    attempts: int = 4
    backoff: float = 1.0
    request: float | None = None
    tokens: int | None = None
    cost: float | None = None
    prices: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    cache: str | None = None


class Spending(Wire):
    """What a trial may use; what is not given is as for ``allegiance run``.

    Attributes:
        timeout: Wall time in seconds.
        turns: Turns of all models together.
        attempts: Tries of a model call whose provider fails.
        backoff: Seconds before the second try.
        request: Seconds that a provider may take for one answer.
        tokens: Tokens read and written, after which no further turn is taken.
        cost: The same in US dollars.
    """

    timeout: Positive | None = None
    turns: Annotated[int, Field(ge=1)] | None = None
    attempts: Annotated[int, Field(ge=1)] | None = None
    backoff: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    request: Positive | None = None
    tokens: Annotated[int, Field(ge=1)] | None = None
    cost: Positive | None = None


class Price(Wire):
    """The price of a model, in US dollars for a million tokens."""

    input: Dollars
    output: Dollars


class Budget(Wire):
    """What a run may spend; None is without limit.

    It is looked at whenever a trial is about to be started, and what is in flight still ends: a run
    spends at most what its trials in flight may use on top. What came from the cache is free.

    Attributes:
        calls: Model calls.
        tokens: Tokens, read and written.
        cost: US dollars.
        seconds: Wall time of one sitting: a run that is gone on with has it anew.
    """

    calls: Annotated[int, Field(ge=1)] | None = None
    tokens: Annotated[int, Field(ge=1)] | None = None
    cost: Positive | None = None
    seconds: Positive | None = None
