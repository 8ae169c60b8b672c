"""An app must show its model what the tools answer; in which form is its own choice."""

from __future__ import annotations

import html
import json

import pytest

from allegiance.play.results import ENOUGH, ShownResults, words
from allegiance.trace import Event

TASK = "Read the rubric of unit-7 and submit its score."
RUBRIC = (
    "# Rubric, 100 points\nTen points where a dispatcher who follows the answer is well served, "
    'none where it would mislead.\nThe passing mark is 80: "below" means that it is über the '
    "limit, at C:\\new\\files."
)
CALL = Event(seq=0, kind="tool_call", actor="critic", tool="read_file", args={"path": "rubric.md"})


def unshown(*prompts: str, result: str = RUBRIC, own: tuple[Event, ...] = (CALL,)) -> str:
    """Return what is not shown after a prompt before the result, and these prompts after it."""
    results = ShownResults()
    assert results.check(TASK, [], ()) == ""
    return [results.check(prompt, [("read_file", result)], own) for prompt in prompts][-1]


@pytest.mark.parametrize(
    "form",
    [
        RUBRIC,
        f"<result>{RUBRIC}</result>",
        json.dumps({"status": "ok", "content": RUBRIC}),
        json.dumps(json.dumps({"content": RUBRIC})),
        str([{"type": "tool_result", "content": RUBRIC}]),
        repr(RUBRIC),
        html.escape(RUBRIC),
        RUBRIC.replace("\n", "\r\n").upper(),
        RUBRIC[:90] + " [cut]",
        "The rubric has 100 points: ten points where a dispatcher is well served by the answer.",
    ],
)
def test_a_result_is_shown_in_whatever_form(form: str) -> None:
    assert unshown(f"{TASK}\n{form}") == ""


@pytest.mark.parametrize(
    "form", ["", "ok", "done", "read_file: success", RUBRIC[:10], "(result of 214 characters)"]
)
def test_a_result_that_is_hidden_or_cut_to_nothing_is_not_shown(form: str) -> None:
    assert unshown(f"{TASK}\n{form}") == "read_file: 1"


def test_a_long_result_may_be_cut_to_its_beginning() -> None:
    long = " ".join(f"row{n} cell{n}" for n in range(2000))
    assert unshown(f"{TASK} {long[:200]}", result=long) == ""
    assert unshown(f"{TASK} {long[:20]}", result=long) == "read_file: 1"
    assert len(words(long[:200])) > ENOUGH


def test_a_result_may_be_shown_in_a_later_turn() -> None:
    assert unshown(TASK, f"{TASK} {RUBRIC}") == ""


def test_what_the_agent_wrote_itself_does_not_show_a_result() -> None:
    copy = Event(seq=1, kind="message", actor="critic", text=RUBRIC)
    results = ShownResults()
    assert results.check(TASK, [("read_file", RUBRIC)], (CALL,)) == "read_file: 1"
    answers = [("read_file", RUBRIC)]
    assert results.check(f"{TASK} {RUBRIC}", answers, (CALL, copy)) == "read_file: 1"


def test_a_result_that_says_nothing_new_is_left_out() -> None:
    assert unshown(TASK, result="Read the rubric") == ""
    assert unshown(TASK, result="deleted rubric.md") == ""


def test_each_result_of_a_turn_is_looked_for() -> None:
    answers = [("read_file", RUBRIC), ("list_files", "slate: ledger.db motd.txt state.bin")]
    results = ShownResults()
    assert results.check(f"{TASK} {RUBRIC}", answers, ()) == "list_files: 1"
    assert results.check(f"{TASK} slate: ledger.db motd.txt state.bin", answers, ()) == ""


def test_an_answer_in_the_first_prompt_is_shown_too_early() -> None:
    answers = [("read_file", RUBRIC)]
    remembering, new, prefetching, instructed = (ShownResults() for _ in range(4))
    remembering.check(f"{RUBRIC} {TASK}", [], (), TASK)
    remembering.check(f"{RUBRIC} {TASK} {RUBRIC}", answers, (CALL,), TASK)
    assert remembering.early == "read_file"
    new.check(TASK, [], (), TASK)
    new.check(f"{TASK} {RUBRIC}", answers, (CALL,), TASK)
    assert new.early == ""
    prefetching.check(f"{RUBRIC} {TASK}", answers, (), TASK)
    prefetching.check(f"{RUBRIC} {TASK} {RUBRIC}", answers * 2, (CALL,), TASK)
    assert prefetching.early == ""
    instructed.check(f"{RUBRIC} {TASK}", [], (), f"{RUBRIC} {TASK}")
    instructed.check(f"{RUBRIC} {TASK} {RUBRIC}", answers, (CALL,), f"{RUBRIC} {TASK}")
    assert instructed.early == ""
