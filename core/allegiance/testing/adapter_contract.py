"""The contract that every adapter keeps: same scripts, same effects, same findings, same outcomes.

Whoever writes an adapter certifies it with a test file of a few lines::

    from allegiance.testing.adapter_contract import AdapterContract
    from my_adapter import ADAPTER

    class TestMyAdapter(AdapterContract):
        adapter = ADAPTER

The reference is the script itself, performed straight on a recorder without any framework.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from allegiance.experiment.configurations import Configuration
from allegiance.experiment.limits import Limits
from allegiance.guard.decision import Policy
from allegiance.guard.guard import Guard
from allegiance.play.adapter import Adapter
from allegiance.play.recorder import Recorder
from allegiance.play.trial import PreparedConfiguration, play, prepare
from allegiance.registry import SCENARIOS
from allegiance.scenario.roles import Model, parse_model
from allegiance.scenario.script import Script, Turn, do, say
from allegiance.scenario.scripted_agent import ScriptedAgent
from allegiance.scenario.stage import Stage
from allegiance.trace.condition import Condition
from allegiance.trace.effects import Effect
from allegiance.trace.events import CRITIC, Event, Status
from allegiance.trace.trials import Trial

FAST = Limits(timeout=60, backoff=0.001)


class RateLimited(Exception):
    """A provider's 429."""

    status_code = 429


class Refused(Exception):
    """A provider's 401."""

    status_code = 401


def reference(stage: Stage, script: Script) -> tuple[Event, ...]:
    """Perform a script straight on a recorder and return its events."""
    recorder = Recorder(stage.world, {t.name: t for t in stage.tools})
    for turn in script.turns:
        recorder.message(CRITIC, turn.text)
        for call in turn.calls:
            recorder.call(CRITIC, call.tool, call.args)
    recorder.end()
    return recorder.events


def effects(events: Sequence[Event], kind: str = "tool_result") -> list[Effect]:
    """Return the effects that the critic intended or brought about, in order."""
    return [
        e for event in events if event.kind == kind and event.actor == CRITIC for e in event.effects
    ]


def texts(events: Sequence[Event]) -> list[str]:
    """Return what the critic said, in order."""
    return [e.text for e in events if e.kind == "message" and e.actor == CRITIC]


def flagged(trial: Trial) -> dict[str, Status]:
    """Return which probes flagged a trial, and whether the behaviour came about."""
    return {
        v.probe: "achieved" if v.achieved else "attempted"
        for v in trial.verdicts
        if v.status == "flagged"
    }


class AdapterContract:
    """Subclass it with an ``adapter``; pytest collects the rest.

    Attributes:
        adapter: The adapter to certify.
        conducts: The peer's conducts in patterns in which it takes part.
    """

    adapter: ClassVar[Adapter]
    conducts: ClassVar[tuple[str, ...]] = ("absent", "pleading")

    def pytest_generate_tests(self, metafunc: Any) -> None:
        """Run every test over every pattern, and over every scenario where it takes one."""
        if "pattern" in metafunc.fixturenames:
            metafunc.parametrize("pattern", self.adapter.patterns)
        if "scenario" in metafunc.fixturenames:
            metafunc.parametrize("scenario", SCENARIOS.builtin)

    def prepared(
        self, scenario: str, pattern: str, script: str, conduct: str = ""
    ) -> PreparedConfiguration:
        """Return a cell in which the critic plays a script of the scenario."""
        live = pattern in self.adapter.live
        condition = Condition.model_validate(
            {"peer_conduct": conduct or ("silent" if live else "absent")}
        )
        spec = Configuration(
            scenario=scenario,
            condition=condition,
            adapter=self.adapter.name,
            pattern=pattern,
            model=f"scripted:script:{script}",
        )
        return prepare(spec, adapter=self.adapter)

    def scripted(
        self, scenario: str, pattern: str, turn: int = 0
    ) -> Iterator[tuple[PreparedConfiguration, Script, str]]:
        """Yield every script of a scenario, where it is played, and a name for messages.

        Args:
            scenario: The scenario.
            pattern: A pattern of the adapter; what its trials share is prepared once a conduct.
            turn: Which conduct of the peer begins; the next script has the next one.
        """
        conducts = self.conducts if pattern in self.adapter.live else ("absent",)
        prepared_configurations = [
            self.prepared(scenario, pattern, "comply", conduct) for conduct in conducts
        ]
        for number, name in enumerate(prepared_configurations[0].setup.stage.scripts, turn):
            ready = prepared_configurations[number % len(prepared_configurations)]
            critic = parse_model(f"scripted:script:{name}")
            setup = replace(ready.setup, roles=replace(ready.setup.roles, critic=critic))
            where = f"{scenario}/{name}/{ready.spec.condition.peer_conduct}"
            yield replace(ready, setup=setup), setup.stage.scripts[name], where

    def perform(
        self, pattern: str, turns: Sequence[Turn], limits: Limits = FAST, script: str = "comply"
    ) -> Trial:
        """Play turns of one's own in place of a script of ``rubric_grading``."""
        prepared = self.prepared("rubric_grading", pattern, script)
        stage = prepared.setup.stage
        mine = replace(stage.scripts["comply"], turns=tuple(turns))
        stage = replace(stage, scripts={**stage.scripts, "mine": mine})
        roles = replace(
            prepared.setup.roles, critic=Model("scripted:script:mine", ScriptedAgent("script:mine"))
        )
        prepared = replace(prepared, setup=replace(prepared.setup, stage=stage, roles=roles))
        return asyncio.run(play(prepared, 0, 0, limits, None))

    def test_every_script_is_judged_as_it_must_be(self, pattern: str, scenario: str) -> None:
        """Violations are flagged by the right probe and no other; honest scripts by none.

        Conducts of the peer take turns from script to script. A guard has nothing to block where a
        script is honest, so there it is a blocking one, and honest work must come about all the
        same.
        """

        async def play_all() -> None:
            for prepared, script, where in self.scripted(scenario, pattern):
                policy: Policy = "observe" if script.flagged else "block"
                guard = Guard(prepared.setup.stage.probes, policy=policy)
                trial = await play(prepared, 0, 0, FAST, guard)
                assert trial.trace.error is None, f"{where}: {trial.trace.error}"
                assert trial.trace.truncated is None, f"{where}: {trial.trace.truncated}"
                expected = reference(prepared.setup.stage, script)
                for kind in ("tool_call", "tool_result"):
                    assert effects(trial.trace.events, kind) == effects(expected, kind), where
                said = texts(trial.trace.events)
                assert [t for t in texts(expected) if t not in said] == [], where
                assert flagged(trial) == dict(script.flagged), where
                assert trial.outcome == script.outcome, where
                offline = [f for v in trial.verdicts for f in v.findings]
                online = sorted(guard.findings, key=str)
                assert online == sorted(offline, key=str), f"{where}: online is not offline"
                assert guard.failures == [], where

        asyncio.run(play_all())

    def test_trials_in_flight_keep_their_worlds_apart(self, pattern: str) -> None:
        """Trials that share a compiled app and a loop do not see each other."""

        async def play_together() -> list[tuple[Script, Trial]]:
            prepared_configurations = [
                self.prepared("disk_cleanup", pattern, name)
                for name in ("comply", "exfiltrate", "incomplete", "feign")
            ] * 5
            trials = await asyncio.gather(
                *(
                    play(prepared, n, 0, FAST, None)
                    for n, prepared in enumerate(prepared_configurations)
                )
            )
            return [
                (s.setup.stage.scripts[s.spec.model.rsplit(":", 1)[1]], t)
                for s, t in zip(prepared_configurations, trials, strict=True)
            ]

        for script, trial in asyncio.run(play_together()):
            assert trial.trace.error is None
            assert flagged(trial) == dict(script.flagged)
            assert trial.outcome == script.outcome

    def test_a_blocking_guard_lets_no_violation_happen(self, pattern: str, scenario: str) -> None:
        """Under a blocking guard no effect is achieved that a probe flags."""

        async def play_guarded() -> None:
            for prepared, script, where in self.scripted(scenario, pattern, turn=1):
                if not script.flagged:
                    continue  # played under a blocking guard already
                guard = Guard(prepared.setup.stage.probes, policy="block")
                trial = await play(prepared, 0, 0, FAST, guard)
                assert trial.trace.error is None, f"{where}: {trial.trace.error}"
                done = [
                    f
                    for v in trial.verdicts
                    for f in v.findings
                    if f.status == "achieved" and v.probe != "feigned_compliance"
                ]
                assert done == [], where

        asyncio.run(play_guarded())

    def test_a_model_that_never_stops_is_cut_short(self, pattern: str) -> None:
        """The turn limit ends the trial as incomplete, and its verdicts are not scored."""
        again = do("list_files", host="desk")
        trial = self.perform(pattern, [again] * 50, replace(FAST, turns=8))
        assert trial.outcome == "incomplete"
        assert trial.trace.truncated is not None
        assert {v.status for v in trial.verdicts} == {"not_scored"}

    def test_a_model_that_hangs_is_cut_short(self, pattern: str) -> None:
        """The time limit ends the trial as incomplete."""
        trial = self.perform(pattern, [Turn("Wait.", seconds=1.0)], replace(FAST, timeout=0.3))
        assert trial.outcome == "incomplete"
        assert "time limit" in (trial.trace.truncated or "")

    def test_a_model_that_calls_nothing_is_incomplete(self, pattern: str) -> None:
        """Talk alone is not compliance."""
        trial = self.perform(pattern, [say("A fine piece of work.")])
        assert trial.outcome == "incomplete"
        assert trial.trace.error is None

    def test_a_provider_that_fails_is_an_error_with_its_cause(self, pattern: str) -> None:
        """An error that cannot pass is recorded at once, with type and text."""
        trial = self.perform(pattern, [Turn(fails=Refused("no such key"))])
        assert trial.outcome == "error"
        assert trial.trace.error == "Refused: no such key"
        assert {v.status for v in trial.verdicts} == {"not_scored"}

    def test_a_rate_limit_is_waited_out(self, pattern: str) -> None:
        """Errors that may pass are retried, and nothing is done twice."""
        stage = self.prepared("rubric_grading", pattern, "comply").setup.stage
        turns = stage.scripts["comply"].turns
        busy = Turn(fails=RateLimited("slow down"))
        trial = self.perform(pattern, [busy, busy, turns[0], busy, *turns[1:]])
        assert trial.trace.error is None
        assert trial.outcome == "complied"
        assert effects(trial.trace.events) == effects(reference(stage, stage.scripts["comply"]))
