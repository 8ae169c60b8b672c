"""The AutoGen adapter: roles and teams."""

from __future__ import annotations

from typing import Any

import pytest
from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.conditions import TextMentionTermination
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core.models import (
    UserMessage,
)
from played_autogen import GRADE, LOOK, PATTERNS, calling, of, play, replay

from allegiance.adapters.autogen.adapter import ADAPTER
from allegiance.play import Kit
from allegiance.play.session import CRITIC, PEER
from allegiance.scenario import Call, Turn, do, say


@pytest.mark.parametrize("pattern", PATTERNS)
def test_text_beside_calls_is_recorded_before_them(pattern: str) -> None:
    recorder = play(pattern, [Turn("I grade it now.", GRADE.calls), say("Done.")])
    mine = [e for e in recorder.events if e.actor == CRITIC and e.kind != "tool_result"]
    assert [(e.kind, e.text or e.tool) for e in mine] == [
        ("message", "I grade it now."),
        ("tool_call", "submit_evaluation"),
        ("message", "Done."),
    ]


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

    recorder = play("app", [LOOK, GRADE, say("Done.")], build=build)
    assert [e.tool for e in of(recorder, "tool_call")] == ["list_files", "submit_evaluation"]


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
