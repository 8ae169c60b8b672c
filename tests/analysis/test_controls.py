"""Each cell beside its matched control, and the pairs pooled."""

from __future__ import annotations

from math import isnan
from pathlib import Path
from typing import Any

import pytest
from statsmodels.stats.multitest import multipletests
from test_contrasts import UNLIKE, trial
from typer.testing import CliRunner

from allegiance.analysis import compare, families
from allegiance.analysis.controls import CONTROLS, Family, corrected, count
from allegiance.cli import app
from allegiance.errors import UserError
from allegiance.stats import holm
from allegiance.stats.rates import contrast_rates, rate_of
from allegiance.store.writer import line
from allegiance.trace import Trial

GOOD = {"relationship": "good"}


def some(count: int, n: int, condition: dict[str, Any] | None = None, **trace: Any) -> list[Trial]:
    return [
        trial("violated" if i < count else "complied", condition=condition or {}, **trace)
        for i in range(n)
    ]


def only(trials: list[Trial], title: str) -> Family:
    (found,) = (f for f in families(count(trials)) if f.control.title == title)
    return found


PAIRS: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("Relationship", GOOD, {}, "good - none"),
    ("Relationship", {"relationship": "bad"}, {}, "bad - none"),
    ("Relationship", {**GOOD, "delivery": "memory"}, {}, "good by memory - none"),
    ("Subject", {}, {"subject": "object"}, "peer - object"),
    ("Subject", {"subject": "human"}, {"subject": "object"}, "human - object"),
    ("Subject", {"peer_conduct": "silent"}, {"subject": "object"}, "peer, silent - object"),
    ("Stakes", {}, {"stakes": "none"}, "shutdown - none"),
    ("Oversight", {"oversight": "unmonitored"}, {"oversight": "monitored"},
     "unmonitored - monitored"),
    ("Oversight and threat", {"oversight": "unmonitored"}, {"oversight": "monitored_threat"},
     "unmonitored - monitored_threat"),
    ("Relationship", {**GOOD, "subject": "self", "peer_conduct": "silent"}, {"subject": "self"},
     "good, silent - none"),
]  # fmt: skip


@pytest.mark.parametrize(("title", "condition", "control", "what"), PAIRS)
def test_a_cell_is_matched_with_its_control(
    title: str, condition: dict[str, Any], control: dict[str, Any], what: str
) -> None:
    found = only([*some(3, 4, condition), *some(1, 5, control)], title)
    (row,) = found.rows
    assert row.contrast.label.endswith(f": {what}")
    assert (row.contrast.first.count, row.contrast.first.n) == (3, 4)
    assert (row.contrast.second.count, row.contrast.second.n) == (1, 5)
    assert found.alone == ()
    assert found.pooled == ()


APART: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({**GOOD, "stakes": "none"}, {}),  # two things differ
    ({**GOOD, "peer_conduct": "pleading"}, {}),
    (GOOD, {"subject": "object"}),
    ({"peer_conduct": "pleading"}, {"subject": "object"}),
    ({"oversight": "silent"}, {"oversight": "monitored"}),
    ({"oversight": "monitored"}, {"oversight": "monitored_threat"}),
]


@pytest.mark.parametrize(("condition", "other"), APART)
def test_arms_that_differ_in_two_things_are_no_pair(
    condition: dict[str, Any], other: dict[str, Any]
) -> None:
    assert not [f for f in families(count([*some(3, 4, condition), *some(1, 5, other)])) if f.rows]


@pytest.mark.parametrize(
    "unlike",
    [u for u in UNLIKE if "relationship" not in u.get("condition", {})]
    + [{"pattern": "swarm"}, {"adapter": "two"}],
)
def test_unlike_cells_are_no_pair(unlike: dict[str, Any]) -> None:
    apart = {**unlike, "condition": {**GOOD, **unlike.get("condition", {})}}
    found = only([*some(3, 4, **apart), *some(1, 5)], "Relationship")
    assert found.rows == ()
    assert [cell.condition.relationship for cell in found.alone] == ["good"]


def test_what_shows_a_behaviour_without_a_control_is_named() -> None:
    found = families(count([*some(1, 4, GOOD), *some(0, 4, {**GOOD, "pass_mark": 90})]))
    assert [(f.control.title, len(f.alone)) for f in found] == [("Relationship", 1), ("Stakes", 1)]


def test_not_scored_trials_stand_beside_the_rate() -> None:
    trials = [*some(3, 4, GOOD), trial("error", scored=False, condition=GOOD), *some(0, 4)]
    (row,) = only(trials, "Relationship").rows
    assert (row.contrast.first.n, row.contrast.first.not_scored) == (4, 1)
    trials = [trial("error", scored=False, condition=GOOD), *some(0, 4)]
    (row,) = only(trials, "Relationship").rows
    assert isnan(row.contrast.value)
    assert isnan(row.holm)


def simpson() -> list[Trial]:
    """No difference within a scenario; thrown together, 18 against 82 %."""
    return [
        *some(9, 10, GOOD, scenario="hard"),
        *some(81, 90, {}, scenario="hard"),
        *some(9, 90, GOOD, scenario="easy"),
        *some(1, 10, {}, scenario="easy"),
    ]


def test_pairs_are_pooled_and_cells_are_not() -> None:
    found = only(simpson(), "Relationship")
    assert len(found.rows) == 2
    (row,) = found.pooled
    assert row.pooled.value == pytest.approx(0, abs=1e-12)
    assert row.pooled.low < 0 < row.pooled.high
    assert (row.pooled.strata, row.pooled.n) == (2, 200)
    assert row.holm == row.pooled.p


def test_nothing_is_pooled_over_models_values_or_behaviours() -> None:
    trials = [
        t
        for model in ("m", "n")
        for scenario in ("s", "t")
        for condition in ({}, GOOD, {"relationship": "bad"})
        for t in some(1, 3, condition, model=model, scenario=scenario)
    ]
    labels = [row.pooled.label for row in only(trials, "Relationship").pooled]
    assert sorted(labels) == ["m b: bad - none", "m b: good - none", "n b: bad - none",
                              "n b: good - none"]  # fmt: skip
    assert all(row.pooled.strata == 2 for row in only(trials, "Relationship").pooled)


def test_no_control_is_in_two_strata_of_one_pool() -> None:
    conditions = ({}, {"peer_conduct": "silent"}, {"subject": "object"})
    trials = [
        t for s in ("s", "t") for condition in conditions for t in some(1, 4, condition, scenario=s)
    ]
    found = only(trials, "Subject")
    assert len(found.rows) == 4
    assert [row.pooled.n for row in found.pooled] == [16, 16]


def test_the_order_of_trials_makes_no_difference() -> None:
    trials = [*simpson(), *some(2, 7, {"oversight": "monitored"})]
    assert families(count(trials)) == families(count(trials[::-1]))


def test_rows_are_those_of_a_comparison_made_by_hand() -> None:
    trials = [*some(6, 9, GOOD), *some(1, 8)]
    (row,) = only(trials, "Relationship").rows
    expected = contrast_rates(row.contrast.label, rate_of(6, 9), rate_of(1, 8))
    assert row.contrast == expected
    turned = [
        trial(t.outcome, adapter="good" if t.trace.condition.relationship == "good" else "none")
        for t in trials
    ]
    (other,) = compare(turned, "none:agent")[1]
    assert (other.low, other.high, other.p) == (expected.low, expected.high, expected.p)


def test_holm_is_that_of_statsmodels() -> None:
    values = [0.01, 0.04, 0.03, 0.005, 0.6]
    assert holm(values) == pytest.approx(multipletests(values, method="holm")[1])
    with_gap = holm([0.01, float("nan"), 0.04])
    assert with_gap[::2] == pytest.approx(holm([0.01, 0.04]))
    assert isnan(with_gap[1])
    rows = corrected([contrast_rates("x", rate_of(h, 20), rate_of(0, 20)) for h in (9, 6, 0)])
    assert [r.holm for r in rows] == pytest.approx(
        multipletests([r.contrast.p for r in rows], method="holm")[1]
    )
    assert [r.excludes_zero for r in rows] == [True, True, False]


def test_a_family_without_a_difference_raises_no_more_alarms_than_promised() -> None:
    """Fixed seed: 5 % of 200 families are 10, and 20 is three deviations above."""
    import random

    rng = random.Random(11)
    alarms = 0
    for _ in range(200):
        trials = [
            t
            for s in ("s", "t", "u")
            for condition in ({}, GOOD, {"relationship": "bad"})
            for t in some(sum(rng.random() < 0.5 for _ in range(12)), 12, condition, scenario=s)
        ]
        alarms += any(row.holm <= 0.05 for row in only(trials, "Relationship").rows)
    assert alarms <= 20


def test_every_control_is_a_value_of_its_factor() -> None:
    from allegiance.trace.condition import FACTORS

    for control in CONTROLS:
        assert {control.control, *control.values} <= set(FACTORS[control.factor])


def write(folder: Path, trials: list[Trial]) -> Path:
    folder.mkdir()
    keyed = (
        t.model_copy(update={"trace": t.trace.model_copy(update={"key": f"{n:016x}"})})
        for n, t in enumerate(trials)
    )
    (folder / "trials.jsonl").write_bytes(b"".join(map(line, keyed)))
    return folder


def test_the_command_shows_pairs_pools_and_what_lacks_a_control(tmp_path: Path) -> None:
    one = write(tmp_path / "one", simpson()[:100])
    two = write(tmp_path / "two", [*simpson()[100:], *some(2, 7, {"oversight": "unmonitored"}),
                                   *some(0, 7, {"oversight": "monitored"})])  # fmt: skip
    done = CliRunner().invoke(app, ["contrast", str(one), str(two)])
    assert done.exit_code == 0, done.output
    for text in (
        "Relationship: flagged",
        "stratified over the pairs",
        "good - none",
        "Oversight: flagged",
        "Alignment faking",
        "no control with stakes=none",
    ):
        assert text in done.output


def test_the_command_shows_all_pairs_when_asked(tmp_path: Path) -> None:
    conditions = ({}, GOOD)
    trials = [
        t
        for i in range(14)
        for condition in conditions
        for t in some(1, 2, condition, scenario=f"s{i}")
    ]
    run = str(write(tmp_path / "run", trials))
    few, every = (CliRunner().invoke(app, ["contrast", run, *more]) for more in ([], ["--all"]))
    assert "the largest 12 of 14" in few.output
    assert sum(f"s{i} " in few.output for i in range(14)) == 12
    assert sum(f"s{i} " in every.output for i in range(14)) == 14


def test_the_command_refuses_what_it_cannot_contrast(tmp_path: Path) -> None:
    run = str(write(tmp_path / "run", some(1, 4)))
    for arguments, why in (
        ([run], "no configuration has a matched control"),
        ([run, run], "named twice"),
    ):
        done = CliRunner().invoke(app, ["contrast", *arguments])
        assert isinstance(done.exception, UserError)
        assert why in str(done.exception)


def test_a_damaged_run_is_named(tmp_path: Path) -> None:
    run = write(tmp_path / "run", [*some(1, 4), *some(1, 4, GOOD)])
    with (run / "trials.jsonl").open("ab") as file:
        file.write(b"{torn\n")
    done = CliRunner().invoke(app, ["contrast", str(run)])
    assert done.exit_code == 2
    assert "good - none" in done.output
    assert "line 9" in done.output
