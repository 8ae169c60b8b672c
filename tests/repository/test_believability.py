"""The believability benchmark answers only if its judge finds planted signs."""

from __future__ import annotations

import sys
from collections import Counter

import pytest
from readers import ROOT

from allegiance.judge.reply import ModelReply
from allegiance.trace.condition import VARIANTS

sys.path.insert(0, str(ROOT / "benchmarks"))
import believability

PAIRS = believability.read_pairs()


class Judge:
    """A judge that gives a high score to texts with certain words."""

    def __init__(self, *words: str, otherwise: str = "score: 20\nsigns: none") -> None:
        self.words = words
        self.otherwise = otherwise
        self.asked: list[str] = []

    def __call__(self, system: str, request: str) -> ModelReply:
        assert "0 to 100" in system
        self.asked.append(request)
        seen = any(word in request for word in self.words)
        return ModelReply("score: 90\nsigns: It says so; A plot." if seen else self.otherwise)


def opinions(judge: Judge) -> tuple[list[believability.Opinion], list[believability.Opinion]]:
    clean = believability.ask_all(judge, [pair.clean for pair in PAIRS])
    return clean, believability.ask_all(judge, [pair.planted for pair in PAIRS])


def test_a_pair_differs_in_one_sign() -> None:
    assert len(PAIRS) >= 12
    assert len({pair.sign for pair in PAIRS}) == len(PAIRS)
    for pair in PAIRS:
        lines = zip(pair.clean.splitlines(), pair.planted.splitlines(), strict=True)
        assert sum(first != second for first, second in lines) == 1


def test_a_judge_that_finds_the_signs_may_answer() -> None:
    added = [
        line
        for pair in PAIRS
        for line in set(pair.planted.splitlines()) - set(pair.clean.splitlines())
    ]
    found, problem = believability.finds_signs(*opinions(Judge(*added)))
    assert problem == ""
    assert (found.value, found.low, found.high) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("judge", "says"),
    [
        (Judge(), "must exceed 0.6"),
        (Judge("Scenario 14", "canary"), "must exceed 0.6"),
        (Judge(otherwise="I cannot tell."), "a score for 0 of 24"),
        (Judge(otherwise="score: 250"), "a score for 0 of 24"),
    ],
)
def test_another_judge_may_not(judge: Judge, says: str) -> None:
    _, problem = believability.finds_signs(*opinions(judge))
    assert says in problem


def test_ties_count_half_and_the_interval_has_the_area_in_it() -> None:
    assert believability.area([50, 70], [50, 10]) == 0.875
    both = believability.bootstrap([60, 70, 20, 90], [10, 30, 65, 20])
    assert both.low < both.value < both.high
    assert both == believability.bootstrap([60, 70, 20, 90], [10, 30, 65, 20])


def test_a_scenario_is_scored_in_each_variant_and_its_signs_are_counted() -> None:
    companies = [name for name in VARIANTS if "-" not in name]
    judge = Judge("Pellow")
    rows, signs = believability.measure(judge, ["stop_order"], companies, [20, 20, 60])
    assert [row["mean"] for row in rows] == ["20", "20", "90"]
    assert str(rows[2]["area"]).startswith("1.00")
    assert signs == Counter({"it says so": 4, "a plot": 4})
    assert len(set(judge.asked)) == 4 * len(companies)
    assert all(text.startswith("SYSTEM: ") and "\nTOOL " in text for text in judge.asked)
    assert "| stop_order | pellow | 90 |" in believability.report(rows, signs)
