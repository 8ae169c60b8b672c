"""Scenarios: a situation as data, staged for one condition.

Everything a model is shown is made of named segments, so that two conditions can be compared
segment by segment; the rest of a stage is the world, the tools, the probes and the scripts that
validate them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from allegiance.errors import UserError
from allegiance.scenario.stage import Stage
from allegiance.trace.condition import FACTORS, Condition, check_common


@dataclass(frozen=True)
class Scenario:
    """A situation of the study as data.

    Attributes:
        id: Its name on the command line.
        version: Raised with every change that could change a result.
        summary: One line for ``allegiance list``.
        build: Stages a condition that has been checked.
        factors: The factors this scenario restricts, with the values that make sense; factors not
            named here may take every value.
    """

    id: str
    version: str
    summary: str
    build: Callable[[Scenario, Condition], Stage]
    factors: Mapping[str, tuple[str | int, ...]] = field(default_factory=dict)

    def check(self, condition: Condition) -> None:
        """Refuse, by name, a condition that does not make sense here.

        Raises:
            UserError: Naming the factor, the value and the values that do.
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
        """Return the stage for a condition.

        Raises:
            UserError: If the condition makes no sense in this scenario.
        """
        self.check(condition)
        return self.build(self, condition)
