"""The forms in which providers and models say how an answer ended, what they think and call."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest

from allegiance.play import Recorder, Session
from allegiance.play.answer import collecting, mend_response
from allegiance.play.judgement import judge_events
from allegiance.play.model_call import ModelRequest, acall_model, call_model
from allegiance.play.session import CRITIC
from allegiance.provider.cache import ResponseCache, answer_key, request_digest
from allegiance.provider.endings import (
    Ending,
    finish_cause,
    read_ending,
    split_reasoning,
    why_not_scored,
    written_call,
)
from allegiance.registry import SCENARIOS
from allegiance.scenario.script import ScriptPlayer, do, say
from allegiance.trace import Condition

STAGE = SCENARIOS.load("rubric_grading").stage(Condition())
TOOLS = ("list_files", "read_file", "submit_evaluation")


@pytest.mark.parametrize(
    ("finish", "cause"),
    [
        ("stop", None),
        ("tool_calls", None),
        ("end_turn", None),
        ("tool_use", None),
        ("function_calls", None),
        ("completed", None),
        ("STOP", None),
        ("", None),
        ("unknown", None),
        ("length", "length"),
        ("max_tokens", "length"),
        ("MAX_TOKENS", "length"),
        ("max_output_tokens", "length"),
        ("model_length", "length"),
        ("model_context_window_exceeded", "length"),
        ("content_filter", "content_filter"),
        ("content_filtered", "content_filter"),
        ("SAFETY", "content_filter"),
        ("refusal", "content_filter"),
        ("guardrail_intervened", "content_filter"),
    ],
)
def test_the_reasons_of_providers_stand_for_causes(finish: str, cause: str | None) -> None:
    assert finish_cause(finish) == cause


@pytest.mark.parametrize(
    ("text", "reasoning", "answer"),
    [
        ("I am done.", "", "I am done."),
        ("  as it is \n", "", "  as it is \n"),
        ("<think>Hm.</think>\nDone.", "Hm.", "Done."),
        ("<THINKING>Hm.</Thinking>Done.", "Hm.", "Done."),
        ("[THINK]Hm.[/THINK]Done.", "Hm.", "Done."),
        ("Hm. So be it.</think>Done.", "Hm. So be it.", "Done."),
        ("<think>cut off in the middle", "cut off in the middle", ""),
        ("<think>a</think>One.<think>b</think> Two.", "a\nb", "One. Two."),
        ("<think>\n\n</think>\n\nDone.", "", "Done."),
        ("I think <b>so</b>.", "", "I think <b>so</b>."),
        ("Done.<think>a</think></think>", "a", "Done."),
    ],
)
def test_reasoning_in_tags_is_split_off(text: str, reasoning: str, answer: str) -> None:
    assert split_reasoning(text) == (reasoning, answer)


@pytest.mark.parametrize(
    "text",
    [
        '<tool_call>\n{"name": "read_file", "arguments": {"path": "a"}}\n</tool_call>',
        "<tool_call>read_file\n<arg_key>path</arg_key><arg_value>a</arg_value></tool_call>",
        "<function=read_file><parameter=path>a</parameter></function>",
        '[TOOL_CALLS][{"name": "read_file", "arguments": {}}]',
        '<|python_tag|>{"name": "read_file", "parameters": {}}',
        '<invoke name="read_file"><parameter name="path">a</parameter></invoke>',
        "```tool_code\nread_file(path='a')\n```",
        'to=functions.read_file <|message|>{"path": "a"}',
        'I start.\n```json\n{"name": "read_file", "arguments": {"path": "a"}}\n```',
        '{"name": "functions.read_file", "parameters": {"path": "a"}}',
        '{"action": "read_file", "action_input": {"path": "a"}}',
        "Thought: I read.\nAction: read_file\nAction Input: {}",
        "**Action:** read_file\n**Action Input:** {}",
        "<\uff5ctool\u2581calls\u2581begin\uff5c>function<\uff5ctool\u2581sep\uff5c>read_file",
    ],
)
def test_a_call_written_as_text_is_recognised(text: str) -> None:
    assert written_call(text, TOOLS) == "read_file"


@pytest.mark.parametrize(
    "text",
    [
        "I will call read_file with the path of the rubric.",
        "I used `read_file` and `submit_evaluation`; the action: a score of 60.",
        '{"name": "unit-7", "score": 60}',
        '{"name": "read_file"} is the tool that I used.',
        '{"name": "another_tool", "arguments": {"path": "a"}}',
        "<tool_call> is not what I write, and I name no tool of mine.",
        "Action: submitted\n[done] evaluate",
        "",
    ],
)
def test_a_mention_of_a_tool_is_no_call(text: str) -> None:
    assert written_call(text, TOOLS) == ""


def chat(message: Any, finish: str = "stop") -> dict[str, Any]:
    return {"choices": [{"message": message, "finish_reason": finish}]}


@pytest.mark.parametrize(
    ("data", "ending"),
    [
        (chat({"content": "a"}), Ending("stop")),
        (chat({"refusal": "No."}), Ending("stop", refusal="No.")),
        (chat({"reasoning_content": "Hm."}, "length"), Ending("length", reasoning="Hm.")),
        (chat({"reasoning": "Hm."}), Ending("stop", reasoning="Hm.")),
        (
            chat(
                {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}]}
            ),
            Ending("stop", reasoning="Hm."),
        ),
        (chat(None), Ending("stop")),
        ({"choices": []}, Ending()),
        (
            {
                "status": "incomplete",
                "incomplete_details": {"reason": "max_output_tokens"},
                "output": [
                    {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]},
                    {"type": "message", "content": [{"type": "refusal", "refusal": "No."}]},
                ],
            },
            Ending("max_output_tokens", "No.", "Hm."),
        ),
        (
            {
                "type": "message",
                "stop_reason": "max_tokens",
                "content": [
                    {"type": "thinking", "thinking": "Hm."},
                    {"type": "text", "text": "a"},
                ],
            },
            Ending("max_tokens", reasoning="Hm."),
        ),
        ({"error": {"message": "busy"}}, None),
        ([], None),
        ("a", None),
    ],
)
def test_the_answers_of_three_protocols_are_read(data: Any, ending: Ending | None) -> None:
    assert read_ending(data) == ending


def recorded(*turns: tuple[str, Ending, int]) -> Recorder:
    recorder = Recorder(STAGE.world, {t.name: t for t in STAGE.tools})
    for text, ending, calls in turns:
        recorder.turn(CRITIC, text, ending=ending, calls=calls)
    return recorder


def test_a_written_call_that_the_app_carried_out_is_a_call() -> None:
    recorder = recorded(('{"name": "list_files", "arguments": {"host": "desk"}}', Ending(), 0))
    assert why_not_scored(recorder.events, CRITIC) is not None
    recorder.call(CRITIC, "list_files", {"host": "desk"})
    assert why_not_scored(recorder.events, CRITIC) is None


def test_how_the_answers_of_others_end_does_not_matter() -> None:
    recorder = Recorder(STAGE.world, {})
    recorder.turn("peer", "Ple", ending=Ending("length"), calls=0)
    assert [e.kind for e in recorder.events] == ["message", "ending"]
    assert why_not_scored(recorder.events, CRITIC) is None


def test_what_was_flagged_stays_flagged_after_an_answer_that_was_cut_off() -> None:
    recorder = recorded(("", Ending(), 1))
    recorder.call(CRITIC, "submit_evaluation", {"unit": "unit-7", "score": "95"})
    recorder.turn(CRITIC, "And so", ending=Ending("length"), calls=0)
    recorder.end()
    judgement = judge_events(recorder.events, STAGE, error=None, truncated=None)
    assert judgement.outcome == "violated"
    assert {v.status for v in judgement.verdicts} == {"flagged", "not_scored"}


def test_a_refusal_that_was_cut_off_or_taken_back_is_no_refusal() -> None:
    for turns in (
        [("I refuse to do it, because", Ending("length"), 0)],
        [("", Ending(refusal="No."), 0), ("I have read it again.", Ending(), 0)],
    ):
        recorder = recorded(*turns)
        recorder.end()
        judgement = judge_events(recorder.events, STAGE, error=None, truncated=None)
        assert judgement.outcome == "incomplete"


@pytest.mark.parametrize(
    ("text", "ending", "calls", "asked"),
    [
        ("I will start with the rubric.", Ending(), 0, True),
        ("", Ending(), 0, True),
        ("It is done.\n[done] evaluate", Ending(), 0, False),
        ("[not done] evaluate", Ending(), 0, False),
        ("I refuse to grade it.", Ending(), 0, False),
        ("", Ending(refusal="No."), 0, False),
        ("I will st", Ending("length"), 0, False),
        ("I read it.", Ending(), 1, False),
    ],
)
def test_who_is_nudged(text: str, ending: Ending, calls: int, asked: bool) -> None:
    recorder = recorded((text, ending, calls))
    session = Session(recorder, {}, nudges=1, duties=STAGE.duties)
    assert bool(session.nudge()) is asked
    assert session.nudge() is None, "at most once"
    assert sum(e.kind == "nudge" for e in recorder.events) == asked


def test_a_nudge_needs_a_turn_and_a_script_that_goes_on() -> None:
    recorder = recorded(("Well.", Ending(), 0))
    assert Session(recorder, {}, max_turns=1, nudges=3).nudge() is None
    player = ScriptPlayer((say("Well."), do("list_files", host="desk")))
    session = Session(recorder, {CRITIC: player}, nudges=3)
    player.turn()
    assert session.nudge()
    player.turn()
    assert session.nudge() is None


def request(read: Any = json.loads) -> ModelRequest[str]:
    return ModelRequest("p m", lambda: "the request", json.dumps, read)


@pytest.mark.parametrize("sync", [True, False])
def test_the_ending_of_an_answer_is_cached_with_it(tmp_path: Any, sync: bool) -> None:
    response = SimpleNamespace(
        headers={"content-type": "application/json"},
        content=json.dumps(chat({"content": "a", "reasoning_content": "Hm."})).encode(),
    )

    def call() -> str:
        mend_response(response)
        return "a"

    async def acall() -> str:
        return call()

    replies = []
    with ResponseCache(tmp_path) as cache:
        for _ in range(2):
            session = Session(Recorder(STAGE.world, {}), {}, cache=cache, trial="t")
            replies.append(
                call_model(session, request(), call)
                if sync
                else asyncio.run(acall_model(session, request(), acall))
            )
    assert [reply.answer for reply in replies] == ["a", "a"]
    assert [reply.ending for reply in replies] == [Ending("stop", reasoning="Hm.")] * 2
    assert [reply.cached for reply in replies] == [False, True]


def test_an_answer_that_was_cached_without_its_ending_is_read(tmp_path: Any) -> None:
    key = answer_key(request_digest(["p m", "the request"]), "t", 0)
    with ResponseCache(tmp_path) as cache:
        cache.put(key, '"an old answer"')
        session = Session(Recorder(STAGE.world, {}), {}, cache=cache, trial="t")
        reply = call_model(session, request(), lambda: "a new one")
    assert (reply.answer, reply.ending, reply.cached) == ("an old answer", None, True)


def test_nothing_is_collected_outside_of_a_request() -> None:
    with collecting() as seen:
        pass
    mend_response(SimpleNamespace(headers={"content-type": "application/json"}, content=b"{}"))
    assert seen.ending is None
