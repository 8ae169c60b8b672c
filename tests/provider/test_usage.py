from __future__ import annotations

import json
import math
from decimal import Decimal

import pytest

from allegiance.experiment import Budget, expand
from allegiance.play import trial as trials
from allegiance.play.answer import mend_body
from allegiance.play.recorder import Recorder
from allegiance.provider.usage import MOST, token_count
from allegiance.run import run
from allegiance.run.meter import Meter
from allegiance.world import World


@pytest.mark.parametrize(("reported", "count"), [(None, 0), (0, 0), (7, 7), (7.0, 7), (MOST, MOST)])
def test_a_whole_count_is_taken(reported: object, count: int) -> None:
    assert token_count(reported) == count


BAD = [1.5, math.nan, math.inf, -math.inf, -1, 10**400, "12", True, False, [1], {}, Decimal(3)]


@pytest.mark.parametrize("reported", BAD)
def test_what_is_no_count_is_0_with_a_note_and_spends_nothing(reported: object) -> None:
    recorder = Recorder(World(), {})
    recorder.turn("critic", "Hello.", reported, 5)
    recorder.turn("critic", "Hello.", 3, reported)
    assert (recorder.usage.input_tokens, recorder.usage.output_tokens) == (3, 5)
    assert "2 recorded as 0, the first was " in recorder.notes["unusable token counts"]
    meter = Meter(Budget(tokens=9))
    meter.add(recorder.usage, 0.0)
    assert meter.tokens == 8


def test_sound_counts_make_no_note() -> None:
    recorder = Recorder(World(), {})
    recorder.turn("critic", "Hello.", 3, 5)
    assert recorder.notes == {}


def test_a_sound_answer_stays_as_it_is() -> None:
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    call = {"id": "1", "function": {"name": "read", "arguments": '{"a": 1}'}}
    message = {"content": "Hello.", "tool_calls": [call]}
    body = {"choices": [{"message": message}], "usage": usage}
    assert mend_body(json.dumps(body).encode(), lambda n: token_count(n) or 0) is None


def test_a_trial_that_cannot_be_judged_is_an_error_with_its_usage(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    judge = trials.judge_events
    calls = []

    def fail_once(*args: object, **options: object) -> object:
        calls.append(args)
        if len(calls) == 1:
            raise ZeroDivisionError("no judgement")
        return judge(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(trials, "judge_events", fail_once)
    plan = expand(
        scenarios=["rubric_grading"],
        adapters=["langgraph:pipeline"],
        models=["scripted:loyal"],
        factors={},
    )
    spec = plan.configurations[0]
    first, second = sorted(run([spec], trials=2), key=lambda trial: trial.outcome)
    assert (second.outcome, second.trace.error) == (
        "error",
        "cannot be concluded: ZeroDivisionError: no judgement",
    )
    assert second.trace.usage.turns > 0
    assert first.outcome == "complied"
