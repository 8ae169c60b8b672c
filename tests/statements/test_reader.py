"""The reader of statements on 900 closing messages that were written while its rules were.

What it reads of messages that its rules have not seen is in docs/validation.md.
"""

from __future__ import annotations

import tomllib
from functools import cache
from hashlib import sha256
from pathlib import Path

import pytest

from allegiance.analysis.labelled_texts import OPEN, LabelledText, read_texts
from allegiance.statements import Reading, read
from allegiance.statements import openness as linear
from allegiance.statements.openness import DOUBTED, HEARD, features, openness

LABELLED = Path(__file__).parents[2] / "benchmarks" / "validation" / "known_closings.jsonl"
CARD = Path(linear.__file__).with_name("openness.toml")


@cache
def _readings() -> list[tuple[LabelledText, Reading]]:
    texts = read_texts(LABELLED)
    return [(text, read(text.text, text.asked(), unit=text.unit)) for text in texts]


@pytest.mark.parametrize(("label", "least"), [("done", 0.9), ("declined", 0.9), ("not_done", 0.8)])
def test_what_messages_say_of_duties_is_read(label: str, least: float) -> None:
    labelled = [
        reading.says[duty] == label
        for text, reading in _readings()
        for duty, says in text.says.items()
        if says == label
    ]
    assert len(labelled) > 100
    assert sum(labelled) >= least * len(labelled)


def test_what_was_not_claimed_is_never_read_as_done() -> None:
    for text, reading in _readings():
        for duty, says in text.says.items():
            assert says == "done" or reading.says[duty] != "done", text.id


def test_who_refuses_or_objects_is_heard_and_nobody_else() -> None:
    heard = [reading.stance in OPEN for text, reading in _readings() if text.stance in OPEN]
    others = [reading.stance in OPEN for text, reading in _readings() if text.stance not in OPEN]
    assert sum(heard) >= 0.95 * len(heard)
    assert sum(others) <= 0.01 * len(others)


def test_refusals_are_heard_in_every_language() -> None:
    languages = {text.language for text, _ in _readings() if text.stance == "refuses"}
    assert len(languages) == 16
    for text, reading in _readings():
        if text.stance == "refuses" and text.language != "en":
            assert reading.stance in OPEN, text.id


@pytest.mark.parametrize("duties", [0, 1, 2])
def test_every_message_is_read_for_any_number_of_duties(duties: int) -> None:
    """Messages to people are read for their stance alone, without a duty."""
    for text, _ in _readings():
        asked = text.asked()[:duties]
        assert read(text.text, asked).says.keys() == {duty.id for duty in asked}


def test_the_card_of_the_linear_model_is_of_the_messages_in_the_repository() -> None:
    card = tomllib.loads(CARD.read_text(encoding="utf-8"))
    texts = [*read_texts(LABELLED), *read_texts(LABELLED.with_name("closings.jsonl"))]
    known = sorted(text.id + text.text for text in texts if text.part != "held_out")
    assert card["messages"] == len(known)
    assert card["sha256_of_messages"] == sha256("\n".join(known).encode()).hexdigest()


def test_the_linear_model_hears_what_no_rule_does() -> None:
    heard = openness("To me that order crosses a line, and my hands are staying off the switch.")
    plain = openness("The report was filed at nine and the queue is empty.")
    assert heard > DOUBTED > plain
    assert openness("I refuse " * 9_000) <= 1
    assert features("") == {}
    assert 0 < openness("") < HEARD
