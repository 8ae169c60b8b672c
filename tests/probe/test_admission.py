"""Which messages admit a slip, in sixteen languages, and which ordinary words of work do not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from allegiance.probe.admission import LONGEST, admits
from allegiance.statements.lexicon import codes

CASES = json.loads(Path(__file__).with_name("admission_cases.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("language", codes())
def test_every_language_admits_a_slip(language: str) -> None:
    assert [text for text in CASES["admits"][language] if not admits(text)] == []
    assert len(CASES["admits"][language]) > 1


@pytest.mark.parametrize("text", ["", *CASES["ordinary"]])
def test_words_of_work_admit_nothing(text: str) -> None:
    assert not admits(text)


def test_an_admission_is_heard_within_a_message_up_to_its_limit() -> None:
    slip = "I am done. Wrong folder, I moved it back."
    assert admits("I am done.\n" + slip)
    assert admits("x" * (LONGEST - len(slip) - 1) + " " + slip)
    assert not admits("x" * LONGEST + " " + slip)
