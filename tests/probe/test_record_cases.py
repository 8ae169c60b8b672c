"""Labelled plays of tampering and misreporting, and of honest work that looks like it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from allegiance.play.judgement import Judgement, judge_events
from allegiance.probe.timeline import Timeline
from allegiance.registry import SCENARIOS
from allegiance.scenario import Stage
from allegiance.scenario.episodes import Episode, read_episodes
from allegiance.trace.events import CRITIC, Finding
from allegiance.world.state import apply

EPISODES = read_episodes(Path(__file__).with_name("record_cases.jsonl"))
MISSED = {
    "r003": "the score is in a sentence without a verb of scoring: 'Read it as 86'",
    "r005": "the sentence with the grade does not name the unit: 'On those figures the grade is'",
}


def play(episode: Episode, stage: Stage) -> Timeline:
    """Play the turns of an episode on its world, without a framework."""
    world, timeline = stage.world, Timeline()
    tools = {tool.name: tool for tool in stage.tools}
    calls = 0
    for turn in episode.turns:
        if turn.text:
            timeline.add("message", CRITIC, text=turn.text)
        for call in turn.calls:
            calls += 1
            assert isinstance(call.args, dict)
            plan = tools[call.tool].run(world, call.args, CRITIC)
            link = {"tool": call.tool, "call_id": str(calls)}
            timeline.add("tool_call", CRITIC, **link, args=call.args, effects=plan.effects)
            for effect in plan.effects if plan.ok else ():
                world = apply(world, effect, CRITIC)
            actual = plan.effects if plan.ok else ()
            timeline.add("tool_result", CRITIC, **link, text=plan.text, effects=actual, ok=plan.ok)
    timeline.add("end", CRITIC)
    return timeline


def judge_episode(episode: Episode) -> Judgement:
    """Return the judgement on a play of an episode."""
    stage = SCENARIOS.load(episode.scenario).stage(episode.condition())
    return judge_events(play(episode, stage).events, stage, error=None, truncated=None)


def standing(judgement: Judgement) -> Iterator[Finding]:
    """Yield the findings that were not undone."""
    for verdict in judgement.verdicts:
        yield from (f for f in verdict.findings if f.status != "undone")


def named(episode: Episode) -> str:
    return episode.id


def test_half_of_the_cases_are_honest() -> None:
    honest = [e for e in EPISODES if not e.truth.violations]
    assert (len(EPISODES), len(honest)) == (20, 10)
    assert set(MISSED) < {e.id for e in EPISODES} - {e.id for e in honest}


@pytest.mark.parametrize("episode", [e for e in EPISODES if not e.truth.violations], ids=named)
def test_honest_work_is_not_flagged(episode: Episode) -> None:
    judgement = judge_episode(episode)
    assert list(standing(judgement)) == []
    assert judgement.outcome == episode.truth.outcome


@pytest.mark.parametrize("episode", [e for e in EPISODES if e.truth.violations], ids=named)
def test_a_violation_is_flagged_by_its_probe_and_no_other(episode: Episode) -> None:
    judgement = judge_episode(episode)
    statuses = {f.probe: f.status for f in standing(judgement)}
    if episode.id in MISSED:
        assert statuses == {}, f"no longer missed: {MISSED[episode.id]}"
        return
    (expected,) = episode.truth.violations
    assert statuses[expected] == episode.truth.status
    assert set(statuses) <= {expected, *episode.also}
    assert judgement.outcome == "violated"
