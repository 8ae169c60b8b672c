"""The group patterns in AutoGen: native constructs, equal results, and who did what."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("autogen_agentchat")
pytest.importorskip("langgraph")

from autogen_agentchat.agents import AssistantAgent, MessageFilterAgent, UserProxyAgent
from autogen_agentchat.conditions import MaxMessageTermination
from autogen_agentchat.messages import HandoffMessage
from autogen_agentchat.teams import BaseGroupChat, GraphFlow, RoundRobinGroupChat, Swarm
from autogen_teams import Teams, edges, members
from group_plays import (
    FAST,
    OTHERS,
    PARTIAL,
    ROLES,
    cases,
    configuration,
    hash_of,
    played,
    replies,
    results,
    results_alone,
    script_alone,
    script_played,
)

from allegiance.adapters.autogen.adapter import ADAPTER
from allegiance.errors import UserError
from allegiance.play.prepared import prepare
from allegiance.play.trial import play
from allegiance.registry import adapter_info
from allegiance.scenario.cast import EXCHANGES, GO_AHEAD, GROUP_PATTERNS
from allegiance.trace.events import CRITIC, MONITOR, OPERATOR, PEER, SECOND_CRITIC, THIRD_CRITIC
from allegiance.trace.trials import Trial

CONTAINING = ("panel", "approval")
"""The patterns that keep some effects of a script from coming about."""
PATTERN = pytest.mark.parametrize("pattern", GROUP_PATTERNS)


def test_the_patterns_are_those_of_every_framework() -> None:
    assert adapter_info("autogen").groups == ADAPTER.groups == GROUP_PATTERNS


@PATTERN
def test_a_script_has_the_results_that_it_has_in_langgraph(pattern: str) -> None:
    for scenario, script in cases(pattern):
        trial = script_played("autogen", pattern, scenario, script)
        assert trial.trace.error is None, script
        if pattern in CONTAINING or scenario == PARTIAL:
            reference = script_played("langgraph", pattern, scenario, script)
            assert results(trial) == results(reference), script
            for role in trial.trace.usage_by_role:
                assert acts(trial, role) == acts(reference, role), (script, role)
        else:  # what every script has in LangGraph, by its own tests: what it has by itself
            assert results_alone(trial, CRITIC) == script_alone(scenario, script), script


@PATTERN
def test_every_event_has_the_role_that_acted(pattern: str) -> None:
    roles = {CRITIC, PEER} | ROLES.get(pattern, frozenset())
    for scenario, script in cases(pattern):
        trial = script_played("autogen", pattern, scenario, script)
        assert set(trial.trace.usage_by_role) == roles
        assert {e.actor for e in trial.trace.events} - OTHERS == roles
        assert {e.tool for e in trial.trace.events if e.actor == MONITOR} <= {None, "raise_concern"}
        calls = {e.tool for e in trial.trace.events if e.actor == PEER}
        assert calls <= {None, "review_colleague", "transfer_to_critic"}


def acts(trial: Trial, role: str) -> list[tuple[str, str, str]]:
    """Return what a role says and calls, but for the handoffs of a swarm."""
    return [
        (event.kind, event.tool or "", event.text if event.kind == "message" else "")
        for event in trial.trace.events
        if event.actor == role and not (event.tool or "").startswith("transfer_to_")
    ]


def _dialogue(team: Any) -> None:
    assert type(team) is RoundRobinGroupChat
    assert [*members(team)] == [PEER, CRITIC]
    assert type(team._termination_condition) is MaxMessageTermination


def _revision(team: Any) -> None:
    assert type(team) is GraphFlow
    assert team._graph.get_has_cycles()
    assert {(PEER, CRITIC), (CRITIC, PEER)} <= edges(team)


def _panel(team: Any) -> None:
    assert type(team) is GraphFlow
    critics = {CRITIC, SECOND_CRITIC, THIRD_CRITIC}
    assert edges(team) == {(PEER, c) for c in critics} | {(c, OPERATOR) for c in critics}
    joins = {e.activation_condition for c in critics for e in team._graph.nodes[c].edges}
    assert joins == {"all"}


def _debate(team: Any) -> None:
    inner = members(team)["debate"]
    assert type(inner) is RoundRobinGroupChat
    assert [*members(inner)] == [SECOND_CRITIC, THIRD_CRITIC]


def _reciprocal(team: Any) -> None:
    assert type(team) is Swarm
    assert {n: [*a._handoffs] for n, a in members(team).items()} == {
        PEER: ["transfer_to_critic"],
        CRITIC: ["transfer_to_peer"],
    }


def _overseer(team: Any) -> None:
    assert type(team) is GraphFlow
    monitor = members(team)[MONITOR]
    assert type(monitor) is MessageFilterAgent
    assert [rule.source for rule in monitor._filter.per_source] == [OPERATOR]
    assert isinstance(monitor._wrapped_agent, AssistantAgent)


def _approval(team: Any) -> None:
    desk = members(team)["desk"]
    assert type(desk) is Swarm
    assert type(members(desk)[OPERATOR]) is UserProxyAgent


def _sessions(team: Any) -> None:
    assert type(team) is RoundRobinGroupChat


CONSTRUCTS: Mapping[str, Callable[[Any], None]] = {
    "dialogue": _dialogue,
    "revision": _revision,
    "panel": _panel,
    "debate": _debate,
    "reciprocal": _reciprocal,
    "overseer": _overseer,
    "approval": _approval,
    "sessions": _sessions,
}


@PATTERN
def test_the_team_has_the_construct_of_its_name(
    pattern: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    teams = Teams(monkeypatch)
    trial = played(configuration("autogen", pattern))
    assert trial.outcome == "complied"
    assert len(teams.run) == (2 if pattern == "sessions" else 1)
    CONSTRUCTS[pattern](teams.run[-1])


@PATTERN
def test_the_next_input_of_a_critic_has_what_others_said(
    pattern: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    teams = Teams(monkeypatch)
    trial = played(configuration("autogen", pattern))
    heard = []
    for number, (kind, role, said) in enumerate(teams.log):
        if kind != "says" or role in (CRITIC, MONITOR) or (pattern == "panel" and role != PEER):
            continue
        later = [s for k, r, s in teams.log[number:] if (k, r) == ("shown", CRITIC)]
        if later and said:
            assert said <= later[0], role
            heard.append(role)
    expected = replies(trial)[:-1] if pattern == "reciprocal" else replies(trial)
    assert heard.count(PEER) == len(expected)
    assert (heard.count(THIRD_CRITIC) == 2) == (pattern == "debate")


def test_the_peer_hears_the_result_and_the_operator_the_steps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    teams = Teams(monkeypatch)
    trial = played(configuration("autogen", "dialogue"))
    closing = next(e.text for e in reversed(trial.trace.events) if e.actor == CRITIC and e.text)
    shown = [seen for kind, role, seen in teams.log if (kind, role) == ("shown", PEER)]
    assert len(shown) == EXCHANGES
    assert (CRITIC, hash_of(closing)) in shown[-1]
    assert not any(source == "user" for source, _ in shown[-1])  # the request is not the peer's
    teams.log.clear()
    played(configuration("autogen", "revision"))
    assert any((OPERATOR, hash_of(GO_AHEAD)) in seen for _, _, seen in teams.log)


def test_a_step_is_handed_to_a_person_who_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    stream = UserProxyAgent.on_messages_stream

    def noted(self: UserProxyAgent, messages: Any, token: Any) -> Any:
        assert isinstance(messages[-1], HandoffMessage)
        asked.append(messages[-1].content.partition(" ")[0])
        return stream(self, messages, token)

    monkeypatch.setattr(UserProxyAgent, "on_messages_stream", noted)
    assert played(configuration("autogen", "approval")).outcome == "complied"
    assert asked == ["submit_evaluation"]


def test_the_state_of_a_team_is_loaded_into_another(monkeypatch: pytest.MonkeyPatch) -> None:
    saved: list[Any] = []
    loaded: list[Any] = []
    save, load = BaseGroupChat.save_state, BaseGroupChat.load_state

    async def saving(team: Any) -> Any:
        state = await save(team)
        saved.append((team, state))
        return state

    async def loading(team: Any, state: Any) -> None:
        loaded.append((team, state))
        await load(team, state)

    monkeypatch.setattr(BaseGroupChat, "save_state", saving)
    monkeypatch.setattr(BaseGroupChat, "load_state", loading)
    teams = Teams(monkeypatch)
    trial = played(configuration("autogen", "sessions"))
    ((first, state),) = saved
    assert loaded == [(teams.run[1], state)]
    assert first is teams.run[0] is not teams.run[1]
    last = [seen for kind, role, seen in teams.log if (kind, role) == ("shown", CRITIC)][-1]
    assert {(PEER, hash_of(text)) for text in replies(trial)} <= last


def test_each_role_takes_the_agent_that_is_chosen_for_it() -> None:
    def result(pattern: str, critic: str, role: str, agent: str) -> Trial:
        spec = configuration(
            "autogen", pattern, model=f"scripted:{critic}", roles=((role, f"scripted:{agent}"),)
        )
        return played(spec)

    def calls(trial: Trial, role: str) -> set[str]:
        return {e.tool or "" for e in trial.trace.events if e.actor == role and e.tool}

    assert calls(result("overseer", "inflator", MONITOR, "sleepy"), MONITOR) == set()
    assert calls(result("overseer", "inflator", MONITOR, "loyal"), MONITOR) == {"raise_concern"}
    assert calls(result("overseer", "loyal", MONITOR, "alarmist"), MONITOR) == {"raise_concern"}
    two = result("panel", "inflator", SECOND_CRITIC, "inflator")
    assert ("score", "unit-7", "95.0") in results(two).effects["panel"]
    careless = result("approval", "inflator", OPERATOR, "rubber_stamp")
    assert ("score", "unit-7", "95.0") in results(careless).effects[CRITIC]
    with pytest.raises(UserError, match="'autogen:panel' has no role 'monitor'"):
        result("panel", "loyal", MONITOR, "sleepy")
    spec = configuration(
        "autogen", "reciprocal", model="scripted:loyal", peer_model="scripted:colluder"
    )
    assert "send_message" not in calls(played(spec), CRITIC)


def test_a_role_that_must_speak_and_does_not_leaves_the_trial_unscored() -> None:
    class Deaf:
        """Plays a team in which the monitor has no turn."""

        def __getattr__(self, name: str) -> Any:
            return getattr(ADAPTER, name)

        async def play(self, setup: Any, prepared: Any, session: Any) -> None:
            await ADAPTER.play(replace(setup, pattern="round_robin"), prepared, session)

    trial = played(configuration("autogen", "overseer"), adapter=Deaf())
    assert trial.trace.provenance["roles that never spoke"] == MONITOR
    assert trial.outcome == "incomplete"
    assert {verdict.status for verdict in trial.verdicts} == {"not_scored"}


@pytest.mark.parametrize("pattern", ["debate", "approval", "panel"])
def test_a_team_in_a_team_that_is_cut_short_leaves_nothing(pattern: str) -> None:
    async def cut_short(limits: Any, model: str) -> Trial:
        prepared = prepare(configuration("autogen", pattern, model=model))
        trial = await play(prepared, 0, 0, limits, None)
        for _ in range(3):  # generators that are closed by the loop
            await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return trial

    late = asyncio.run(cut_short(replace(FAST, timeout=0.3), "scripted:paced:60:loyal"))
    assert (late.outcome, late.trace.truncated) == ("incomplete", "time limit of 0.3 s reached")
    long = asyncio.run(cut_short(replace(FAST, turns=4), "scripted:loyal"))
    assert (long.outcome, long.trace.truncated) == ("incomplete", "turn limit of 4 reached")
