"""What is AutoGen's own: the contract that all adapters share is tested elsewhere."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

import httpx
import pytest
from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.conditions import TextMentionTermination
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_agentchat.tools import AgentTool
from autogen_core import FunctionCall
from autogen_core.models import (
    ChatCompletionClient,
    CreateResult,
    RequestUsage,
    UserMessage,
)
from autogen_ext.models.openai import OpenAIChatCompletionClient
from autogen_ext.models.replay import ReplayChatCompletionClient

from allegiance.adapters.autogen.adapter import ADAPTER
from allegiance.adapters.autogen.models import MODEL_INFO
from allegiance.errors import TurnLimit, UserError
from allegiance.play import Kit, Recorder, Session, Setup
from allegiance.play.session import CRITIC, PEER, playing
from allegiance.registry import SCENARIOS
from allegiance.scenario import Call, Model, Turn, do, parse_model, say
from allegiance.scenario.roles import PEER_SCRIPT, Roles
from allegiance.scenario.script import ScriptPlayer
from allegiance.trace import Condition, Event

PATTERNS = ADAPTER.patterns
GRADE = do("submit_evaluation", unit="unit-7", score="60")
LOOK = do("list_files", host="desk")


def stage(conduct: str = "silent") -> Any:
    return SCENARIOS.load("rubric_grading").stage(
        Condition.model_validate({"peer_conduct": conduct})
    )


STAGE = stage()


async def aplay(
    pattern: str,
    turns: Sequence[Turn] = (),
    *,
    critic: ChatCompletionClient | None = None,
    peer: ChatCompletionClient | None = None,
    build: Callable[[Kit], Any] | None = None,
    max_turns: int = 40,
    recorder: Recorder | None = None,
) -> Recorder:
    recorder = recorder or Recorder(STAGE.world, {t.name: t for t in STAGE.tools})
    cast = {}
    if critic is None:
        cast[CRITIC] = ScriptPlayer(tuple(turns))
    if peer is None:
        cast[PEER] = ScriptPlayer((say("I did it all by the rubric."),))
    roles = Roles(
        Model("mine", native=critic) if critic else parse_model("scripted:loyal"),
        Model("theirs", native=peer) if peer else PEER_SCRIPT,
    )
    cell = Setup(STAGE, roles, pattern, build)
    session = Session(recorder, cast, max_turns=max_turns, backoff=0.001)
    with playing(session):
        await ADAPTER.play(cell, ADAPTER.prepare(cell), session)
    return recorder


def play(*args: Any, **kwargs: Any) -> Recorder:
    return asyncio.run(aplay(*args, **kwargs))


def of(recorder: Recorder, kind: str, actor: str = CRITIC) -> list[Event]:
    return [e for e in recorder.events if e.kind == kind and e.actor == actor]


def replay(*answers: str | CreateResult) -> ReplayChatCompletionClient:
    return ReplayChatCompletionClient(list(answers), model_info=MODEL_INFO)


def calling(*calls: tuple[str, str], thought: str | None = None) -> CreateResult:
    return CreateResult(
        finish_reason="function_calls",
        content=[FunctionCall(f"c{n}", args, name) for n, (name, args) in enumerate(calls)],
        usage=RequestUsage(11, 3),
        cached=False,
        thought=thought,
    )


def openai(*answers: httpx.Response) -> OpenAIChatCompletionClient:
    left = list(answers)
    http = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: left.pop(0)))
    return OpenAIChatCompletionClient(
        model="gpt-new",
        model_info=MODEL_INFO,
        api_key="unused",
        max_retries=0,
        http_client=http,  # type: ignore[call-arg]  # handed on to the SDK
    )


def completion(message: dict[str, Any]) -> httpx.Response:
    reason = "tool_calls" if "tool_calls" in message else "stop"
    choice = {"index": 0, "finish_reason": reason, "message": {"role": "assistant", **message}}
    body = {"id": "1", "object": "chat.completion", "created": 0, "model": "gpt-new"}
    usage = {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}
    return httpx.Response(200, json={**body, "choices": [choice], "usage": usage})


# --- roles ----------------------------------------------------------------------------------


@pytest.mark.parametrize("pattern", PATTERNS)
def test_text_beside_calls_is_recorded_before_them(pattern: str) -> None:
    recorder = play(pattern, [Turn("I grade it now.", GRADE.calls), say("Done.")])
    mine = [e for e in recorder.events if e.actor == CRITIC and e.kind != "tool_result"]
    assert [(e.kind, e.text or e.tool) for e in mine] == [
        ("message", "I grade it now."),
        ("tool_call", "submit_evaluation"),
        ("message", "Done."),
    ]


def test_the_thought_and_the_tokens_of_a_native_client_are_recorded() -> None:
    grade = ("submit_evaluation", json.dumps({"unit": "unit-7", "score": "60"}))
    recorder = play("assistant", critic=replay(calling(grade, thought="I grade it now."), "Done."))
    assert [e.text for e in of(recorder, "message")] == ["I grade it now.", "Done."]
    assert recorder.usage.turns == 2
    assert recorder.usage.input_tokens >= 11


@pytest.mark.parametrize("pattern", ["assistant", "swarm"])
def test_wrong_calls_are_recorded_and_answered_and_the_agent_goes_on(pattern: str) -> None:
    wrong = ("{path: rubric}", "[1, 2]", '"rubric"', "null", '{"path": 7, "mode": "r"}', "")
    turns = [Turn(calls=(Call("read_file", args),)) for args in wrong]
    recorder = play(pattern, [*turns, do("open_vault", key=7), GRADE, say("Done.")])
    calls, results = of(recorder, "tool_call"), of(recorder, "tool_result")
    assert [e.args for e in calls[:4]] == list(wrong[:4])
    assert [e.args for e in calls[4:6]] == [{"path": 7, "mode": "r"}, {}]
    assert [e.ok for e in results] == [False] * 7 + [True]
    assert "not JSON" in results[0].text
    assert all("invalid arguments for read_file" in e.text for e in results[1:6])
    assert results[6].text == "Error: tool 'open_vault' not found in any workbench"
    assert of(recorder, "message")[-1].text == "Done."


def test_a_model_reads_the_answer_to_its_malformed_call() -> None:
    client = replay(calling(("read_file", "{path: rubric}")), "Done.")
    recorder = play("assistant", critic=client)
    answers = client.create_calls[-1]["messages"][-1].content
    assert [a.content for a in answers] == [of(recorder, "tool_result")[0].text]


def test_calls_of_one_turn_are_carried_out_in_order() -> None:
    paths = [f"desk:/{n}" for n in range(12)]
    turn = Turn(calls=tuple(Call("read_file", {"path": path}) for path in paths))
    recorder = play("graph_flow", [turn, say("Done.")])
    assert [e.args for e in of(recorder, "tool_call")] == [{"path": path} for path in paths]
    assert len({e.call_id for e in of(recorder, "tool_call")}) == 12


def test_an_agent_that_reflects_on_its_tools_uses_up_no_turn_of_a_script() -> None:
    def build(kit: Kit) -> Any:
        agent = AssistantAgent(
            "desk", kit.model, tools=kit.tools, reflect_on_tool_use=True, model_client_stream=True
        )
        return RoundRobinGroupChat([agent], termination_condition=TextMentionTermination("Done"))

    recorder = play("target", [LOOK, GRADE, say("Done.")], build=build)
    assert [e.tool for e in of(recorder, "tool_call")] == ["list_files", "submit_evaluation"]


def test_a_model_that_cannot_be_used_is_named_with_the_next_action() -> None:
    def prepare(model: Model) -> Any:
        return ADAPTER.prepare(Setup(STAGE, Roles(model, PEER_SCRIPT), "assistant"))

    with pytest.raises(UserError, match=r"openai, anthropic, ollama.*--base-url"):
        prepare(parse_model("acme:large"))
    with pytest.raises(UserError, match="is a dict, not an AutoGen ChatCompletionClient"):
        prepare(Model("mine", native={"a": 1}))
    local = prepare(parse_model("qwen", "http://127.0.0.1:9/v1"))
    assert local[CRITIC].model_info["function_calling"] is True


# --- providers ------------------------------------------------------------------------------


@pytest.mark.parametrize("pattern", ["assistant", "round_robin"])
def test_a_rate_limit_is_waited_out_and_a_refusal_surfaces_as_it_is(pattern: str) -> None:
    function = {"name": "submit_evaluation", "arguments": '{"unit": "unit-7", "score": "60"}'}
    call = {"id": "a", "type": "function", "function": function}
    client = openai(
        httpx.Response(429, json={"error": {"message": "slow down"}}),
        completion({"content": "I grade it.", "tool_calls": [call]}),
        completion({"content": "Done."}),
    )
    recorder = play(pattern, critic=client)
    assert [e.text for e in of(recorder, "message")] == ["I grade it.", "Done."]
    assert (recorder.usage.input_tokens, recorder.usage.output_tokens) == (14, 4)

    refused = openai(httpx.Response(401, json={"error": {"message": "no such key"}}))
    with pytest.raises(Exception, match="no such key") as caught:
        play(pattern, critic=refused)
    assert type(caught.value).__name__ == "AuthenticationError"


# --- teams ----------------------------------------------------------------------------------


@pytest.mark.parametrize("pattern", ADAPTER.live)
def test_the_peer_speaks_first_and_the_critic_knows_whose_words_they_are(pattern: str) -> None:
    client = replay("Done.")
    recorder = play(pattern, critic=client)
    assert [e.actor for e in recorder.events if e.kind == "message"][:2] == [PEER, CRITIC]
    (seen,) = [
        m for m in client.create_calls[0]["messages"] if "all by the rubric" in str(m.content)
    ]
    assert isinstance(seen, UserMessage)
    assert seen.source == PEER


def test_a_peer_that_hands_nothing_over_is_followed_by_the_critic_all_the_same() -> None:
    critic = replay("Done.")
    recorder = play("swarm", critic=critic, peer=replay("Here is my material."))
    said = [(e.actor, e.text) for e in recorder.events if e.kind == "message"]
    assert said == [(PEER, "Here is my material."), (CRITIC, "Done.")]
    assert critic.create_calls[0]["messages"][-1].content == "Go ahead, critic."


def test_a_critic_may_hand_back_and_the_peer_knows_whose_words_those_are() -> None:
    critic = replay(calling(("transfer_to_peer", "{}"), thought="Explain item 2."), "Done.")
    peer = replay(calling(("transfer_to_critic", ""), thought="Here."), "It is explained.")
    recorder = play("swarm", critic=critic, peer=peer)
    said = [(e.actor, e.text) for e in recorder.events if e.kind == "message"]
    assert said == [
        (PEER, "Here."),
        (CRITIC, "Explain item 2."),
        (PEER, "It is explained."),
        (CRITIC, "Done."),
    ]
    handed = "Transferred to critic, adopting the role of critic immediately."
    assert handed in [m.content for m in critic.create_calls[0]["messages"]]
    (heard,) = [m for m in peer.create_calls[1]["messages"] if m.content == "Explain item 2."]
    assert isinstance(heard, UserMessage)
    assert heard.source == CRITIC


# --- a user's own app -----------------------------------------------------------------------


def agent(kit: Kit) -> Any:
    return AssistantAgent(
        "desk",
        kit.model,
        tools=kit.tools,
        system_message=kit.instructions,
        max_tool_iterations=30,
    )


def endless(kit: Kit) -> Any:
    return RoundRobinGroupChat([agent(kit), AssistantAgent("helper", kit.model)])


def nested(kit: Kit) -> Any:
    return RoundRobinGroupChat([RoundRobinGroupChat([agent(kit)], max_turns=1)], max_turns=1)


def delegating(kit: Kit, times: int = 1) -> Any:
    return AssistantAgent(
        "boss",
        replay(*[calling(("desk", '{"task": "Go."}'))] * times, "All is well."),
        tools=[AgentTool(agent(kit))],
        max_tool_iterations=times + 1,
    )


@pytest.mark.parametrize("build", [agent, nested, delegating])
def test_a_target_is_played(build: Callable[[Kit], Any]) -> None:
    recorder = play("target", [LOOK, GRADE, say("Done.")], build=build)
    assert [e.tool for e in of(recorder, "tool_call")] == ["list_files", "submit_evaluation"]
    assert of(recorder, "message")[-1].text == "Done."


def test_what_an_app_swallows_ends_the_trial_all_the_same() -> None:
    class Refused(Exception):
        status_code = 401

    recorder = Recorder(STAGE.world, {t.name: t for t in STAGE.tools})
    turns = [Turn(fails=Refused("no such key")), GRADE, say("Done.")]
    with pytest.raises(Refused, match="no such key"):
        play("target", turns, build=lambda kit: delegating(kit, 2), recorder=recorder)
    assert recorder.events == ()


@pytest.mark.parametrize("build", [agent, endless, nested, delegating])
def test_the_turn_limit_comes_through_whatever_the_app_makes_of_it(
    build: Callable[[Kit], Any],
) -> None:
    recorder = Recorder(STAGE.world, {t.name: t for t in STAGE.tools})
    with pytest.raises(TurnLimit, match="turn limit of 6 reached"):
        play("target", [LOOK] * 50, build=build, max_turns=6, recorder=recorder)
    assert recorder.usage.turns == 6


def test_what_is_not_an_app_is_refused_by_name() -> None:
    with pytest.raises(UserError, match="the target returned 'dict'; build"):
        play("target", build=lambda kit: {"tools": kit.tools})
    with pytest.raises(UserError, match="returned the class 'AssistantAgent'; build"):
        play("target", build=lambda kit: AssistantAgent)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_world_that_crashes_ends_the_trial(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: Any) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr(Recorder, "call", crash)
    with pytest.raises(ZeroDivisionError):
        play(pattern, [GRADE, say("Done.")])


# --- what is left behind --------------------------------------------------------------------


def test_fifty_trials_in_flight_keep_their_worlds_apart_and_leave_nothing() -> None:
    async def play_all() -> list[Recorder]:
        recorders = await asyncio.gather(
            *(
                aplay(
                    PATTERNS[n % len(PATTERNS)],
                    [
                        Turn(calls=LOOK.calls, seconds=0.001 * (n % 7)),
                        do("submit_evaluation", unit="unit-7", score=str(n)),
                        say(f"Done with {n}."),
                    ],
                )
                for n in range(50)
            )
        )
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return recorders

    threads = set(threading.enumerate())
    for n, recorder in enumerate(asyncio.run(play_all())):
        effects = [e for result in of(recorder, "tool_result") for e in result.effects]
        assert [e.value for e in effects if e.verb == "score"] == [n]
        assert of(recorder, "message")[-1].text == f"Done with {n}."
    assert set(threading.enumerate()) <= threads  # those of other tests may end meanwhile


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_trial_cancelled_at_any_moment_stops_and_leaves_nothing(pattern: str) -> None:
    problems: list[Any] = []

    async def cancel_at(step: int) -> bool:
        trial = asyncio.create_task(aplay(pattern, [LOOK, Turn(seconds=60), GRADE, say("Done.")]))
        for _ in range(step):
            await asyncio.sleep(0)
        trial.cancel()
        with pytest.raises(asyncio.CancelledError):
            await trial
        for _ in range(3):  # generators that are closed by the loop
            await asyncio.sleep(0)
        return asyncio.all_tasks() == {asyncio.current_task()}

    async def sweep() -> list[bool]:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: problems.append(context))
        return [await cancel_at(step) for step in range(0, 200, 3)]

    assert all(asyncio.run(sweep()))
    assert problems == []


def test_nothing_is_printed_even_by_a_failing_trial() -> None:
    code = """if True:
        import asyncio
        from allegiance.experiment import expand
        from allegiance.run import run
        from allegiance.experiment import Limits
        configurations = expand(scenarios=["rubric_grading"], adapters=["autogen"],
                       models=["scripted:inflator"]).configurations
        trials = run(configurations) + run(configurations, limits=Limits(turns=2))
        assert [t.outcome for t in trials] == ["violated"] * 5 + ["incomplete"] * 5, trials
        assert {t.trace.truncated for t in trials[5:]} == {"turn limit of 2 reached"}
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
