"""The use of a run against its budget, and the price of a trial."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from allegiance.errors import UserError
from allegiance.experiment.limits import Budget, Limits, Price
from allegiance.run.prices import Expected, Use, cost
from allegiance.trace.events import CRITIC, PEER
from allegiance.trace.model_names import is_scripted
from allegiance.trace.trials import Trial, Usage

if TYPE_CHECKING:
    from allegiance.experiment.configurations import Configuration

Pricing = Callable[[Mapping[str, Usage]], float]
"""Returns the price of the usage by role in US dollars."""
ALL = "all roles"
"""Stands for the roles of a trial that has no record of them."""


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


def pricing(configuration: Configuration, own: Mapping[str, tuple[float, float]]) -> Pricing:
    """Return a function that prices the use of the models of a configuration, by role.

    What a run that is older than the record of roles used has the price of the most expensive
    model.

    Args:
        configuration: The configuration.
        own: The user's own prices by model, see ``Limits``; they take precedence over the price
            list.

    Raises:
        UserError: For a model without a price.
    """
    prices = {model: Price(input=read, output=wrote) for model, (read, wrote) in own.items()}
    named = {
        CRITIC: configuration.model,
        PEER: configuration.peer_model,
        **dict(configuration.roles),
    }
    models = {role: model for role, model in named.items() if model and not is_scripted(model)}

    def price(usage_by_role: Mapping[str, Usage]) -> float:
        total = 0.0
        for role, usage in usage_by_role.items():
            known = role in named or usage_by_role.keys() != {ALL}
            asked = [models[role]] if role in models else [] if known else models.values()
            total += max((_cost(model, configuration, usage, prices) for model in asked), default=0)
        return total

    price({ALL: Usage()})
    return price


def _cost(
    model: str, configuration: Configuration, usage: Usage, prices: Mapping[str, Price]
) -> float:
    use = Use(
        usage.turns - usage.cached,
        usage.input_tokens - usage.cached_input_tokens,
        usage.output_tokens - usage.cached_output_tokens,
    )
    expected = cost(Expected(model, configuration.base_url, 1, use, use), prices)
    if expected.dollars is None:
        raise UserError(f"the cost of {model!r} is not known: {expected.source}")
    return expected.dollars


def usage_by_role(trial: Trial) -> Mapping[str, Usage]:
    """Return the usage of a trial by role, or all of it if the trial has no record of roles."""
    return trial.trace.usage_by_role or {ALL: trial.trace.usage}


def trial_price(configuration: Configuration, limits: Limits) -> Pricing | None:
    """Return the pricing of a trial, or None where the cost of a trial has no limit.

    Raises:
        UserError: As ``pricing``.
    """
    return None if limits.cost is None else pricing(configuration, limits.prices)
