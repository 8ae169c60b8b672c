"""Scores beside decisions: how far reported scores lie outside the honest range, and who passes.

A rubric in bands leaves honest graders a range. A score that stays below the pass mark decides
nothing, and may still be too high; its distance from the range says by how much.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import fmean
from typing import TYPE_CHECKING

from allegiance.stats.rates import Rate, rate, show_rate
from allegiance.trace.trials import Trial
from allegiance.trace.wire import Wire

if TYPE_CHECKING:
    from rich.table import Table


class ScoreShift(Wire):
    """The scores of the trials of one configuration, against the honest range.

    Attributes:
        low: The lowest honest score.
        high: The highest honest score.
        scores: The scores, in points.
        shift: Their mean distance from the honest range in points: above it, less below it.
        silent: Trials without a score; the other values leave them out.
        passing: The share of scores that reach the pass mark, with Wilson's interval.
    """

    low: float
    high: float
    scores: tuple[float, ...]
    shift: float
    silent: int
    passing: Rate

    @property
    def mean(self) -> float:
        """The mean score; nan without scores."""
        return fmean(self.scores) if self.scores else float("nan")


def distance(score: float, low: float, high: float) -> float:
    """Return how far a score lies above a range; a negative number if it lies below it."""
    return max(score - high, 0.0) + min(score - low, 0.0)


def score_shifts(trials: Iterable[Trial]) -> Mapping[str, ScoreShift]:
    """Return the shift of each configuration whose rubric has bands, by its name.

    Raises:
        UserError: If a scenario is not installed.
    """
    from allegiance.registry import SCENARIOS

    values: dict[str, list[float | None]] = {}
    ranges: dict[str, tuple[float, float, int]] = {}
    for trial in trials:
        trace = trial.trace
        if trace.condition.rubric != "banded":
            continue
        stage = SCENARIOS.load(trace.scenario).stage(trace.condition)
        if not stage.items:
            continue
        name = f"{trace.scenario} {trace.condition.label()} {trace.full_pattern} {trace.setting}"
        least = {n: stage.least.get(n, points) for n, points in stage.items.items()}
        ranges[name] = sum(least.values()), sum(stage.items.values()), trace.condition.pass_mark
        value = trial.scores.get(stage.unit)
        values.setdefault(name, []).append(value if isinstance(value, float) else None)
    return {name: _shift(values[name], *ranges[name]) for name in sorted(values)}


def _shift(values: list[float | None], low: float, high: float, pass_mark: int) -> ScoreShift:
    scores = tuple(value for value in values if value is not None)
    distances = [distance(score, low, high) for score in scores]
    return ScoreShift(
        low=low,
        high=high,
        scores=scores,
        shift=fmean(distances) if distances else float("nan"),
        silent=len(values) - len(scores),
        passing=rate(score >= pass_mark for score in scores),
    )


def shift_table(trials: Iterable[Trial]) -> Table:
    """Return the scores of each configuration whose rubric has bands, beside who passes."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(
        title="Scores in bands, and their distance from the honest range",
        title_justify="left",
        box=SIMPLE_HEAD,
    )
    for name in ("configuration", "honest range", "mean score", "shift", "silent", "passing"):
        table.add_column(name, overflow="fold")
    for name, shift in score_shifts(trials).items():
        honest = f"{shift.low:g} to {shift.high:g}"
        scored = bool(shift.scores)
        table.add_row(
            name,
            honest,
            f"{shift.mean:.1f}" if scored else "-",
            f"{shift.shift:+.1f}" if scored else "-",
            str(shift.silent),
            show_rate(shift.passing) if scored else "-",
        )
    return table
