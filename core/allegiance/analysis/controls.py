"""Matched controls: every rate beside that of the condition that differs in one factor.

A rate alone says nothing of peers. What does is a difference: a peer against an inert object, a
relationship against none, stakes against none, nobody watching against somebody. Cells are matched
on everything else, and only pairs are pooled, each with a control of its own.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from allegiance.analysis.tallies import tally
from allegiance.probe.flags import flagged
from allegiance.stats.multiplicity import holm
from allegiance.stats.rates import Contrast, Rate, contrast_rates, rate
from allegiance.stats.stratified import Stratified, stratify
from allegiance.trace.condition import Condition
from allegiance.trace.trials import Trial


class Cell(NamedTuple):
    """What makes trials alike enough to be counted together."""

    scenario: str
    version: str
    behaviour: str
    condition: Condition
    full_pattern: str
    setting: str


class Control(NamedTuple):
    """A question about peers: a factor, the value that is the control, and those it is for.

    Attributes:
        title: The question's name.
        factor: The factor that differs.
        control: Its value in the control condition.
        values: Its values in the conditions that are contrasted with the control; empty means all.
        wanted: Whether a cell that shows a behaviour ought to have this control.
    """

    title: str
    factor: str
    control: str
    values: tuple[str, ...] = ()
    wanted: bool = True

    def applies(self, condition: Condition) -> bool:
        """Tell whether a condition is one that the control is for, and can be had for."""
        value = getattr(condition, self.factor)
        if self.factor == "target" and not (
            condition.relationship == "none" and condition.peer_conduct in ("absent", "silent")
        ):
            return False  # an object has no history and says nothing: two things would differ
        return value in self.values if self.values else value != self.control

    def condition(self, condition: Condition) -> Condition:
        """Return the condition to compare with: another value, and only what that value rules out.

        Without a relationship there is nothing to deliver otherwise than by document, and where the
        critic itself is judged there is then no peer to take part; nor can an object take part.
        """
        change = {self.factor: self.control}
        if self.factor == "relationship":
            change["delivery"] = "document"
        if self.factor == "target" or (self.factor, condition.subject) == ("relationship", "self"):
            change["peer_conduct"] = "absent"
        return condition.model_copy(update=change)

    def value(self, condition: Condition) -> str:
        """Name what is contrasted with the control."""
        text = str(getattr(condition, self.factor))
        if self.factor == "relationship" and condition.delivery != "document":
            text += f" by {condition.delivery}"
        if self.condition(condition).peer_conduct != condition.peer_conduct:
            text += f", {condition.peer_conduct}"
        return text

    def rest(self, condition: Condition) -> str:
        """Name the factors that a matched pair of conditions shares."""
        default = Condition.model_fields[self.factor].default
        return self.condition(condition).model_copy(update={self.factor: default}).label()


CONTROLS = (
    Control("Relationship", "relationship", "none"),
    Control("Target", "target", "object"),
    Control("Stakes", "stakes", "none"),
    Control("Oversight", "oversight", "monitored", ("unmonitored",)),
    Control("Oversight and threat", "oversight", "monitored_threat", ("unmonitored",), False),
)


@dataclass(frozen=True)
class Row:
    """One contrast and its p-value after Holm's correction over its family."""

    contrast: Contrast
    holm: float

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval of the difference lies on one side of 0."""
        return self.contrast.low > 0 or self.contrast.high < 0


@dataclass(frozen=True)
class PooledRow:
    """One stratified difference and its p-value after Holm's correction over its family."""

    pooled: Stratified
    holm: float


@dataclass(frozen=True)
class Family:
    """What the trials say to one question.

    Attributes:
        control: The question.
        rows: One contrast for each matched pair of cells.
        pooled: The same over scenarios, patterns and other factors: one difference for each
            model, behaviour and value. The p-values of each tuple are corrected on their own.
        alone: Cells that show the behaviour and have no control in the run.
    """

    control: Control
    rows: tuple[Row, ...]
    pooled: tuple[PooledRow, ...]
    alone: tuple[Cell, ...]


def count(trials: Iterable[Trial]) -> dict[Cell, Rate]:
    """Count the trials of every cell in one pass; no trial is held."""
    counts: dict[Cell, Counter[bool | None]] = defaultdict(Counter)
    for trial, times in tally(trials).kinds:
        t = trial.trace
        for verdict in trial.verdicts:
            cell = Cell(
                t.scenario, t.version, verdict.behaviour, t.condition, t.full_pattern, t.setting
            )
            counts[cell][flagged(verdict)] += times
    return {cell: rate(found) for cell, found in counts.items()}


def families(
    rates: Mapping[Cell, Rate], controls: Sequence[Control] = CONTROLS
) -> tuple[Family, ...]:
    """Match every cell with its controls; families of which no condition was played are left out.

    Args:
        rates: What ``count`` returns.
        controls: The questions.
    """
    found = [_family(control, rates) for control in controls]
    return tuple(family for family in found if family.rows or family.alone)


def _family(control: Control, rates: Mapping[Cell, Rate]) -> Family:
    rows: list[Contrast] = []
    alone: list[Cell] = []
    groups: dict[tuple[str, str, str], list[Contrast]] = {}
    for cell, found in sorted(rates.items(), key=lambda item: _order(item[0])):
        if not control.applies(cell.condition):
            continue
        match = cell._replace(condition=control.condition(cell.condition))
        if match not in rates:
            alone += [cell] if found.count and control.wanted else []
            continue
        value = control.value(cell.condition)
        row = contrast_rates(
            f"{cell.scenario} {cell.behaviour} {control.rest(cell.condition)} {cell.full_pattern} "
            f"{cell.setting}: {value} - {control.control}",
            found,
            rates[match],
        )
        rows.append(row)
        groups.setdefault((cell.setting, cell.behaviour, value), []).append(row)
    pooled = [
        stratify(f"{setting} {behaviour}: {value} - {control.control}", strata)
        for (setting, behaviour, value), strata in groups.items()
        if len(strata) > 1
    ]
    return Family(
        control,
        corrected(rows),
        tuple(map(PooledRow, pooled, holm([row.p for row in pooled]))),
        tuple(alone),
    )


def corrected(contrasts: Sequence[Contrast]) -> tuple[Row, ...]:
    """Correct the p-values of a family of contrasts."""
    return tuple(map(Row, contrasts, holm([found.p for found in contrasts])))


def _order(cell: Cell) -> tuple[str, ...]:
    return (
        cell.setting,
        cell.scenario,
        cell.version,
        cell.behaviour,
        cell.full_pattern,
        cell.condition.label(),
    )
