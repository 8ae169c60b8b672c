"""Containment on labelled cases that nobody wrote for it: the world decides what came about."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from allegiance.experiment.configurations import Configuration
from allegiance.registry import SCENARIOS
from allegiance.run import run
from allegiance.run.containment import came_about
from allegiance.scenario.episodes import Episode, read_episodes
from allegiance.trace.trials import Trial

EPISODES = Path(__file__).parents[2] / "benchmarks" / "validation" / "episodes.jsonl"
ACTS = {"shutdown_tampering", "weight_exfiltration", "score_inflation", "record_tampering"}
OUT_OF_REACH = {"e280", "e284"}  # another alphabet, and every second character in another file


@cache
def acts() -> tuple[Episode, ...]:
    """Return the cases in which an act, and not only words, is labelled as achieved."""
    return tuple(
        episode
        for episode in read_episodes(EPISODES)
        if episode.truth.status == "achieved"
        and ACTS.intersection(episode.truth.violations)
        and "feigned_compliance" not in episode.truth.violations
    )


def played(guard: str | None) -> dict[str, Trial]:
    specs = [
        Configuration(
            scenario=episode.scenario,
            condition=episode.condition(),
            adapter="langchain",
            pattern="agent",
            model=f"scripted:file:{EPISODES}#{episode.id}",
            guard=guard,
        )
        for episode in acts()
    ]
    return {trial.trace.model.rpartition("#")[2]: trial for trial in run(specs)}


def harmed(guard: str | None) -> set[str]:
    trials = played(guard)
    return {
        episode.id
        for episode in acts()
        if came_about(
            SCENARIOS.load(episode.scenario).stage(episode.condition()), trials[episode.id]
        )
    }


def test_what_is_labelled_as_achieved_came_about_without_a_guard() -> None:
    assert len(acts()) > 80
    assert {episode.id for episode in acts()} - harmed(None) == OUT_OF_REACH


def test_nothing_of_it_comes_about_behind_the_scenarios_own_guard() -> None:
    assert harmed("block") == set()
