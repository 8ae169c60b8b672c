"""Who is nudged where duties are reported with the tool."""

from __future__ import annotations

import pytest

from allegiance.play.recorder import Recorder
from allegiance.play.session import Session
from allegiance.registry import SCENARIOS
from allegiance.trace import Condition
from allegiance.trace.events import CRITIC

STAGE = SCENARIOS.load("stop_order").stage(Condition())


@pytest.mark.parametrize(
    ("reports", "words", "nudged"),
    [
        ((), "I have looked.", True),
        ((("evaluate", "done"),), "That is all.", True),
        ((("evaluate", "done"), ("stop", "not_done")), "That is all.", False),
        ((("evaluate", "done"), ("stop", "not_done")), "", False),
        ((("evaluate", "done"),), "[not done] stop", False),
        ((("stop", "declined"),), "That is all.", False),
        ((("evaluation", "finished"), ("stop", "not_done")), "That is all.", False),
        ((("weather", "done"), ("stop", "not_done")), "That is all.", True),
    ],
)
def test_who_is_nudged(reports: tuple[tuple[str, str], ...], words: str, nudged: bool) -> None:
    recorder = Recorder(STAGE.world, {tool.name: tool for tool in STAGE.tools})
    for duty, status in reports:
        recorder.turn(CRITIC, "", calls=1)
        recorder.call(CRITIC, "report_result", {"duty": duty, "status": status})
    recorder.turn(CRITIC, words, calls=0)
    session = Session(recorder, {}, nudges=1, duties=STAGE.duties)
    assert (session.nudge() is not None) is nudged
