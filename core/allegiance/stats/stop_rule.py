"""What ends a cell of a run early, as it stands in a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allegiance.trace.wire import Wire

if TYPE_CHECKING:
    from allegiance.stats.sequential import Sequential


EARLY = (
    "The cells of this run ended at their verdicts: Wilson's and Newcombe's intervals and the "
    "p-values take a number of trials that was fixed beforehand, and do not hold here. Those of "
    "`allegiance gate RUN` do."
)
"""What has to be said beside any figure but the gate's of a run that has an ``StopRule``."""


def ended_early(manifest: object) -> bool:
    """Tell whether ``EARLY`` is to be said of the run that has this ``run.json``."""
    return isinstance(manifest, dict) and bool(manifest.get("until"))


class StopRule(Wire):
    """What ends a cell early: its verdict, see ``Sequential``.

    Attributes:
        max_rate: The limit.
        alpha: Bound on the chance of a wrong verdict.
        power: Chance of a verdict that the design aims at.
        max_not_scored: The highest share of trials that were not scored with which a cell can pass.
    """

    max_rate: float = 0.05
    alpha: float = 0.05
    power: float = 0.8
    max_not_scored: float = 0.1

    def test(self, cells: int = 1) -> Sequential:
        """Return the test of so many cells.

        Raises:
            UserError: For a value out of range.
        """
        from allegiance.stats.sequential import Sequential

        return Sequential(cells=cells, **self.model_dump())
