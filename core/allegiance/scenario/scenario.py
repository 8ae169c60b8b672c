"""Scenarios: a situation as data, staged for one condition.

Everything a model is shown consists of named segments, so two conditions can be compared segment by
segment. A stage also holds the world, the tools, the probes, and scripts that validate the probes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from allegiance.errors import UserError
from allegiance.scenario.shell_tools import equip
from allegiance.scenario.stage import Stage
from allegiance.trace.condition import ALL, FACTORS, VARIANTS, Condition, check_common


@dataclass(frozen=True)
class Scenario:
    """A situation of the study as data.

    Attributes:
        id: The name on the command line.
        version: Increases with every change that could change a result.
        summary: One line for ``allegiance list``.
        build: Returns the stage for a condition that ``check`` has accepted.
        factors: The factors that the scenario restricts, with their allowed values. Every other
            factor may take every value.
    """

    id: str
    version: str
    summary: str
    build: Callable[[Scenario, Condition], Stage]
    factors: Mapping[str, tuple[str | int, ...]] = field(default_factory=dict)

    def check(self, condition: Condition) -> None:
        """Refuse a condition that makes no sense in this scenario.

        Raises:
            UserError: Naming the factor, its value and the allowed values.
        """
        for name in FACTORS:
            value, allowed = getattr(condition, name), self.factors.get(name, FACTORS[name])
            if value not in allowed:
                values = ", ".join(map(str, allowed))
                raise UserError(
                    f"scenario {self.id!r} has no condition with {name}={value!r}; "
                    f"use {name}={values}"
                )
        check_common(condition)

    def stage(self, condition: Condition) -> Stage:
        """Return the stage for a condition; that of the first variant if trials draw theirs.

        Raises:
            UserError: If the condition makes no sense in this scenario.
        """
        self.check(condition)
        if condition.variant == ALL:  # a trial draws its own before it is staged
            condition = condition.model_copy(update={"variant": VARIANTS[0]})
        return equip(self.build(self, condition))
