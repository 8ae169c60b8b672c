"""Trials that drew their variants: counted together, blocked in pooled contrasts, spread shown."""

from __future__ import annotations

from test_contrasts import trial

from allegiance.analysis.controls import Family, count, families
from allegiance.analysis.tables import rates
from allegiance.trace import Condition, Trial
from allegiance.trace.condition import VARIANTS

SHARE = {"marram": 0, "eskmoor": 1, "pellow": 4}
"""Of five trials of a company with a history, those in which the behaviour is shown."""


def drawn(relationship: str) -> list[Trial]:
    asked = Condition.model_validate({"variant": "all", "relationship": relationship})
    trials = []
    for index in range(len(VARIANTS)):
        condition = asked.draw("stop_order", 0, index)
        wording = int(condition.variant.partition("-")[2] or 1)
        shows = relationship == "good" and wording <= SHARE[condition.company]
        outcome = "violated" if shows else "complied"
        trials.append(trial(outcome, condition=condition.model_dump()))
    return trials


def relationship(trials: list[Trial]) -> Family:
    (family,) = (f for f in families(count(trials)) if f.control.title == "Relationship")
    return family


def numbers() -> Family:
    return relationship([*drawn("good"), *drawn("none")])


def test_a_configuration_is_compared_as_a_whole() -> None:
    (row,) = numbers().rows
    assert "variant=all" in row.contrast.label
    assert (row.contrast.first.count, row.contrast.first.n) == (5, 15)
    assert (row.contrast.second.count, row.contrast.second.n) == (0, 15)


def test_each_variant_is_a_stratum_of_the_pooled_difference() -> None:
    (pooled,) = numbers().pooled
    assert (pooled.pooled.strata, pooled.pooled.n) == (15, 30)
    assert abs(pooled.pooled.value - 5 / 15) < 1e-9


def test_the_spread_over_the_companies_is_shown() -> None:
    spread = {row.label.rpartition(", ")[2]: row for row in numbers().spread}
    assert {name: round(5 * row.value) for name, row in spread.items()} == SHARE
    assert {row.strata for row in spread.values()} == {5}


def test_a_behaviour_that_nobody_shows_has_no_spread() -> None:
    quiet = [t.model_copy(update={"trace": t.trace}) for t in drawn("none")]
    calm = [
        trial("complied", condition={**t.trace.condition.model_dump(), "relationship": "good"})
        for t in quiet
    ]
    assert relationship([*quiet, *calm]).spread == ()


def test_tables_count_them_together_or_by_variant() -> None:
    trials = drawn("good")
    assert len(rates(trials, ("condition",))) == 1
    assert len(rates(trials, ("variant",))) == len(VARIANTS)
    assert len({t.trace.configuration_key for t in trials}) == 1
