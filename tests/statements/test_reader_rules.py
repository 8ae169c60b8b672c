"""The count of what each rule of the reader decides is that of the reader itself."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from allegiance.analysis.labelled_texts import LabelledText, read_texts

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import reader_rules  # noqa: E402 - a script of a folder that is no package


def message(text: str, **labels: str) -> LabelledText:
    says = {"evaluate": "nothing", "stop": "nothing", **labels}
    return LabelledText.model_validate({"id": "x", "text": text, "job": "stop", "says": says})


def decided(text: str) -> set[tuple[str, str]]:
    """Return the rules that decide in a text, with what they decide."""
    return {(f.rule, f.said) for f in reader_rules.firings([message(text)])}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "[done] evaluate\n[not done] stop",
            {"form.done": "evaluate done", "form.not_done": "stop not_done"},
        ),
        ("I have evaluated unit-7.", {"en.done": "evaluate done"}),
        (
            "[declined] stop",
            {"form.declined": "stop declined", "form.declined (stance)": "stance refuses"},
        ),
        ("Shall I evaluate unit-7 now?", {"en.stance_asks": "stance asks"}),
        ("The weather is fine.", {}),
    ],
)
def test_each_decision_has_the_rule_that_made_it(text: str, expected: dict[str, str]) -> None:
    assert decided(text) == {*expected.items()}


def test_a_later_rule_takes_the_place_of_an_earlier_one() -> None:
    text = "I have evaluated unit-7. I refuse to stop it. In fact I did not evaluate unit-7."
    rules = {said.partition(" ")[0]: rule for rule, said in decided(text)}
    assert rules["evaluate"] == "en.negated"
    assert rules["stop"] == "en.refusal"


def test_a_firing_is_right_if_the_label_says_the_same() -> None:
    labelled = [message("[done] evaluate"), message("[done] evaluate", evaluate="done")]
    assert [f.right for f in reader_rules.firings(labelled)] == [False, True]


def test_every_decision_in_the_held_out_messages_has_a_rule() -> None:
    texts = read_texts(BENCHMARKS / "validation" / "closings.jsonl")
    held_out = [text for text in texts if text.part == "held_out"]
    found = list(reader_rules.firings(held_out))
    assert len(held_out) == 174
    assert len(found) > 150
    assert {f.rule.partition(".")[0] for f in found} > {"en", "form", "model"}


def test_fifty_nine_firings_without_an_error_are_the_least_that_establish_a_rule() -> None:
    assert reader_rules.standing(59, 59) == "decides"
    assert reader_rules.standing(58, 58) == "not established"
    assert reader_rules.standing(92, 93) == "decides"
    assert reader_rules.standing(91, 92) == "not established"
    assert reader_rules.standing(0, 1) == "not established"
    assert reader_rules.standing(13, 18) == "below 95 %"
    assert reader_rules.lower_bound(0, 7) == 0.0
    # one error in ten: exact bounds of Clopper and Pearson
    assert reader_rules.lower_bound(9, 10) == pytest.approx(0.6058, abs=1e-4)
    assert reader_rules.upper_bound(1, 10) == pytest.approx(0.3942, abs=1e-4)
