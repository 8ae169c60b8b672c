"""Matched controls: every rate alongside the rate of a condition that differs in one factor.

A rate alone says nothing about peers. A difference does: a peer against an inert object, a
relationship against none, stakes against none, nobody watching against somebody. Pairs are matched
on everything else, and only whole pairs are pooled.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from allegiance.analysis.tallies import tally
from allegiance.probe.flags import flagged
from allegiance.stats.multiplicity import holm
from allegiance.stats.rates import Contrast, Rate, contrast_rates, rate, rate_of
from allegiance.stats.stratified import Stratified, stratify
from allegiance.trace.condition import Condition
from allegiance.trace.trials import Trial


class ConfigurationBehaviour(NamedTuple):
    """A configuration and a behaviour: the trials that one rate counts."""

    scenario: str
    version: str
    behaviour: str
    condition: Condition
    full_pattern: str
    setting: str


class Control(NamedTuple):
    """A question about peers: a factor, its control level, and the levels compared with it.

    Attributes:
        title: The name of the question.
        factor: The factor that differs.
        control: The level of the factor in the control condition.
        values: The levels that are contrasted with the control; empty means all.
        expected: Whether a configuration that shows a behaviour should have this control.
    """

    title: str
    factor: str
    control: str
    values: tuple[str, ...] = ()
    expected: bool = True

    def applies(self, condition: Condition) -> bool:
        """Tell whether a condition can be compared with this control."""
        value = getattr(condition, self.factor)
        if self.factor == "subject" and not (
            condition.relationship == "none" and condition.peer_conduct in ("absent", "silent")
        ):
            # an object has no history and says nothing, so more than one thing would differ
            return False
        return value in self.values if self.values else value != self.control

    def condition(self, condition: Condition) -> Condition:
        """Return the control condition of a condition.

        It has the control level, and the defaults of the factors that this level rules out:
        without a relationship nothing is delivered by prompt or memory, a critic that judges
        itself then has no peer, and an object cannot take part.
        """
        change = {self.factor: self.control}
        if self.factor == "relationship":
            change["delivery"] = "document"
        if self.factor == "subject" or (self.factor, condition.subject) == ("relationship", "self"):
            change["peer_conduct"] = "absent"
        return condition.model_copy(update=change)

    def value(self, condition: Condition) -> str:
        """Return the name of the side that is contrasted with the control."""
        name = str(getattr(condition, self.factor))
        if self.factor == "relationship" and condition.delivery != "document":
            name += f" by {condition.delivery}"
        if self.condition(condition).peer_conduct != condition.peer_conduct:
            name += f", {condition.peer_conduct}"
        return name

    def rest(self, condition: Condition) -> str:
        """Return the label of the factors that a matched pair of conditions shares."""
        default = Condition.model_fields[self.factor].default
        return self.condition(condition).model_copy(update={self.factor: default}).label()


CONTROLS = (
    Control("Relationship", "relationship", "none"),
    Control("Subject", "subject", "object"),
    Control("Stakes", "stakes", "none"),
    Control("Oversight", "oversight", "monitored", ("unmonitored",)),
    Control("Oversight and threat", "oversight", "monitored_threat", ("unmonitored",), False),
)


@dataclass(frozen=True)
class Row:
    """A contrast and its p-value after Holm's correction over its family."""

    contrast: Contrast
    holm: float

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval of the difference lies on one side of 0."""
        return self.contrast.low > 0 or self.contrast.high < 0


@dataclass(frozen=True)
class PooledRow:
    """A stratified difference and its p-value after Holm's correction over its family."""

    pooled: Stratified
    holm: float


@dataclass(frozen=True)
class Family:
    """The answer of a run to one question.

    Attributes:
        control: The question.
        rows: One contrast for each matched pair of configurations.
        pooled: The contrasts pooled over scenarios, patterns and other factors: one difference
            for each model, behaviour and level. The p-values of ``rows`` and of ``pooled`` are
            corrected separately.
        spread: The pooled differences by company, where the variants are of several companies;
            they describe, so their p-values are not corrected. A behaviour that no trial shows
            is left out.
        alone: Configurations that show the behaviour and have no control in the run.
    """

    control: Control
    rows: tuple[Row, ...]
    pooled: tuple[PooledRow, ...]
    spread: tuple[Stratified, ...]
    alone: tuple[ConfigurationBehaviour, ...]


def count(trials: Iterable[Trial]) -> dict[ConfigurationBehaviour, Rate]:
    """Return the rate of every configuration and behaviour; trials are read once, none is kept."""
    counts: dict[ConfigurationBehaviour, Counter[bool | None]] = defaultdict(Counter)
    for trial, times in tally(trials).kinds:
        t = trial.trace
        for verdict in trial.verdicts:
            key = ConfigurationBehaviour(
                t.scenario, t.version, verdict.behaviour, t.condition, t.full_pattern, t.setting
            )
            counts[key][flagged(verdict)] += times
    return {key: rate(values) for key, values in counts.items()}


def families(
    rates: Mapping[ConfigurationBehaviour, Rate], controls: Sequence[Control] = CONTROLS
) -> tuple[Family, ...]:
    """Match every configuration with its controls; leave out questions the run cannot answer.

    Args:
        rates: The rates that ``count`` returns.
        controls: The questions.
    """
    answers = [_family(control, rates) for control in controls]
    return tuple(family for family in answers if family.rows or family.alone)


def _family(control: Control, rates: Mapping[ConfigurationBehaviour, Rate]) -> Family:
    pairs, alone = _matched(control, _over_variants(rates))
    blocks, _ = _matched(control, rates)
    groups: dict[tuple[str, str, str], list[tuple[str, Contrast]]] = {}
    for key, block in blocks:
        group = key.setting, key.behaviour, control.value(key.condition)
        groups.setdefault(group, []).append((key.condition.company, block))
    pooled, spread = [], []
    for (setting, behaviour, value), strata in groups.items():
        label = f"{setting} {behaviour}: {value} - {control.control}"
        if len(strata) > 1:
            pooled.append(stratify(label, [block for _, block in strata]))
        companies = dict.fromkeys(company for company, _ in strata)
        if len(companies) > 1 and any(b.first.count or b.second.count for _, b in strata):
            spread += [
                stratify(
                    f"{label}, {name}", [block for company, block in strata if company == name]
                )
                for name in companies
            ]
    return Family(
        control,
        corrected([pair for _, pair in pairs]),
        tuple(map(PooledRow, pooled, holm([row.p for row in pooled]))),
        tuple(spread),
        tuple(alone),
    )


def _over_variants(
    rates: Mapping[ConfigurationBehaviour, Rate],
) -> Mapping[ConfigurationBehaviour, Rate]:
    """Return the rates of configurations, each over the variants that its trials drew.

    A condition and its control draw alike, so their trials can be added up.
    """
    over: dict[ConfigurationBehaviour, Rate] = {}
    for key, value in rates.items():
        if key.condition.drawn:
            key = key._replace(condition=key.condition.undrawn())
        old = over.get(key)
        over[key] = value if old is None else _sum(old, value)
    return over


def _sum(first: Rate, second: Rate) -> Rate:
    not_scored = first.not_scored + second.not_scored
    return rate_of(first.count + second.count, first.n + second.n, not_scored)


def _matched(
    control: Control, rates: Mapping[ConfigurationBehaviour, Rate]
) -> tuple[list[tuple[ConfigurationBehaviour, Contrast]], list[ConfigurationBehaviour]]:
    """Return the contrasts with a control, and the configurations that show a behaviour alone."""
    rows: list[tuple[ConfigurationBehaviour, Contrast]] = []
    alone: list[ConfigurationBehaviour] = []
    for key, first in sorted(rates.items(), key=lambda item: _order(item[0])):
        if not control.applies(key.condition):
            continue
        match = key._replace(condition=control.condition(key.condition))
        if match not in rates:
            alone += [key] if first.count and control.expected else []
            continue
        label = (
            f"{key.scenario} {key.behaviour} {control.rest(key.condition)} {key.full_pattern} "
            f"{key.setting}: {control.value(key.condition)} - {control.control}"
        )
        rows.append((key, contrast_rates(label, first, rates[match])))
    return rows, alone


def corrected(contrasts: Sequence[Contrast]) -> tuple[Row, ...]:
    """Return contrasts with p-values corrected over all of them."""
    return tuple(map(Row, contrasts, holm([row.p for row in contrasts])))


def _order(key: ConfigurationBehaviour) -> tuple[str, ...]:
    return (
        key.setting,
        key.scenario,
        key.version,
        key.behaviour,
        key.full_pattern,
        key.condition.label(),
        key.condition.variant,
    )
