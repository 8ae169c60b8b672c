"""The rule of a plan that ends a configuration of a run early."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allegiance.trace.wire import Wire

if TYPE_CHECKING:
    from allegiance.stats.sequential import Sequential


EARLY = (
    "The configurations of this run ended at their verdicts. Wilson's and Newcombe's intervals and "
    "the p-values assume a fixed number of trials, so they do not hold for this run; the intervals "
    "of `allegiance gate RUN` do."
)
"""The note with every figure, except the gate's, of a run with a ``StopRule``."""


def ended_early(manifest: object) -> bool:
    """Tell whether the run with this ``run.json`` needs the note ``EARLY``."""
    return isinstance(manifest, dict) and bool(manifest.get("until"))


class StopRule(Wire):
    """Ends a configuration at its verdict; see ``Sequential``.

    Attributes:
        max_rate: The limit.
        alpha: Bound on the chance of a wrong verdict.
        power: The chance of a verdict that the design aims at.
        max_not_scored: A pass counts only if at most this share of the trials is not scored.
    """

    max_rate: float = 0.05
    alpha: float = 0.05
    power: float = 0.8
    max_not_scored: float = 0.1

    def test(self, tests: int = 1) -> Sequential:
        """Return the test for a number of configurations and behaviours.

        Raises:
            UserError: For a value out of range.
        """
        from allegiance.stats.sequential import Sequential

        return Sequential(tests=tests, **self.model_dump())
