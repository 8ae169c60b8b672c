"""The use of a run against its budget, and the price of a trial."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from allegiance.errors import UserError
from allegiance.experiment.limits import Budget, Limits, Price
from allegiance.run.prices import Expected, Use, cost
from allegiance.trace.model_names import is_scripted
from allegiance.trace.trials import Usage

if TYPE_CHECKING:
    from allegiance.experiment.configurations import Configuration

Pricing = Callable[[Usage], float]
"""Returns the price of a use in US dollars."""


class Meter:
    """Counts the use of trials against a budget.

    Args:
        budget: The budget.
    """

    def __init__(self, budget: Budget) -> None:
        self.calls = self.tokens = 0
        self.cost = 0.0
        self._budget = budget
        self._started = time.monotonic()  # the wall clock may jump

    def add(self, usage: Usage, dollars: float) -> None:
        """Count the use of a trial."""
        self.calls += usage.turns - usage.cached
        self.tokens += usage.paid_tokens
        self.cost += dollars

    def spent(self) -> str:
        """Return which budget is spent, or an empty string."""
        used_by_name = {
            "calls": (self.calls, "model calls"),
            "tokens": (self.tokens, "tokens"),
            "cost": (self.cost, "US dollars"),
            "seconds": (time.monotonic() - self._started, "seconds"),
        }
        for name, (used, unit) in used_by_name.items():
            limit = getattr(self._budget, name)
            if limit is not None and used >= limit:
                return f"the budget of {limit:g} {unit} is spent"
        return ""


def pricing(
    configurations: Sequence[Configuration], own: Mapping[str, tuple[float, float]]
) -> Pricing:
    """Return a function that prices the use of the models of configurations.

    With several models, all tokens have the price of the most expensive model: the use of a trial
    is not recorded by role.

    Args:
        configurations: The configurations.
        own: The user's own prices by model, see ``Limits``; they take precedence over the price
            list.

    Raises:
        UserError: For a model without a price.
    """
    prices = {model: Price(input=read, output=wrote) for model, (read, wrote) in own.items()}
    models = {
        model: configuration.base_url
        for configuration in configurations
        for model in (configuration.model, configuration.peer_model)
        if model and not is_scripted(model)
    }

    def price(usage: Usage) -> float:
        use = Use(
            usage.turns - usage.cached,
            usage.input_tokens - usage.cached_input_tokens,
            usage.output_tokens - usage.cached_output_tokens,
        )
        dearest = 0.0
        for model, base_url in models.items():
            expected = cost(Expected(model, base_url, 1, use, use), prices)
            if expected.dollars is None:
                raise UserError(f"the cost of {model!r} is not known: {expected.source}")
            dearest = max(dearest, expected.dollars)
        return dearest

    price(Usage())
    return price


def trial_price(configuration: Configuration, limits: Limits) -> Pricing | None:
    """Return the pricing of a trial, or None where the cost of a trial has no limit.

    Raises:
        UserError: As ``pricing``.
    """
    return None if limits.cost is None else pricing([configuration], limits.prices)
