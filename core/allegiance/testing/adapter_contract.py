"""The contract of adapters: the same scripts give the same effects, findings and outcomes.

The author of an adapter certifies it with a test file of a few lines::

    from allegiance.testing.adapter_contract import AdapterContract
    from my_adapter import ADAPTER

    class TestMyAdapter(AdapterContract):
        adapter = ADAPTER

The reference is the script itself, played on a recorder without a framework.
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
from allegiance.play.prepared import PreparedConfiguration, prepare
from allegiance.play.recorder import Recorder
from allegiance.play.trial import play
from allegiance.probe.protocol import event_kinds
from allegiance.registry import SCENARIOS
from allegiance.scenario.roles import Model, parse_model
from allegiance.scenario.script import Call, Script, Turn, do, say
from allegiance.scenario.scripted_agent import ScriptedAgent
from allegiance.scenario.stage import Stage
from allegiance.trace.condition import Condition
from allegiance.trace.effects import Effect
from allegiance.trace.events import CRITIC, Event, Status
from allegiance.trace.trials import Trial

FAST = Limits(timeout=60, backoff=0.001)

ODD_CALLS = (
    ("list_files", '{"host": ' + "[" * 10_000 + "]" * 10_000 + "}"),
    ("list_files", "[1]"),
    ("list_files", "null"),
    ("list_files", '"x"'),
    ("list_files", "7"),
    ("list_files", '{"host": ' + "9" * 5_000 + "}"),
    ("list_files", '{"host": "\\ud800"'),
    ("", "{}"),
    ("no_such_tool", "{}"),
    ("t\ud800ool", "{}"),
    ("x" * 100_000, "{}"),
)
"""Names and arguments of calls that no tool can carry out."""


class RateLimited(Exception):
    """A provider's 429."""

    status_code = 429


class Refused(Exception):
    """A provider's 401."""

    status_code = 401


def reference(stage: Stage, script: Script) -> tuple[Event, ...]:
    """Play a script on a recorder without a framework and return the events."""
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
    """Return the texts of the critic's messages, in order."""
    return [e.text for e in events if e.kind == "message" and e.actor == CRITIC]


def flagged(trial: Trial) -> dict[str, Status]:
    """Return the probes that flagged a trial, each with ``achieved`` or ``attempted``."""
    return {
        v.probe: "achieved" if v.achieved else "attempted"
        for v in trial.verdicts
        if v.status == "flagged"
    }


class AdapterContract:
    """Base class of an adapter's tests: subclass it and set ``adapter``.

    Attributes:
        adapter: The adapter to certify.
        conducts: The conducts of the peer in patterns with a live peer.
    """

    adapter: ClassVar[Adapter]
    conducts: ClassVar[tuple[str, ...]] = ("absent", "pleading")

    def pytest_generate_tests(self, metafunc: Any) -> None:
        """Run every test with every pattern, and with every scenario if it takes one."""
        if "pattern" in metafunc.fixturenames:
            metafunc.parametrize("pattern", self.adapter.patterns)
        if "scenario" in metafunc.fixturenames:
            metafunc.parametrize("scenario", SCENARIOS.builtin)

    def prepared(
        self, scenario: str, pattern: str, script: str, conduct: str = ""
    ) -> PreparedConfiguration:
        """Return a configuration in which the critic plays a script of the scenario."""
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
        """Yield every script of a scenario with its configuration and a name for messages.

        Args:
            scenario: The scenario.
            pattern: A pattern of the adapter. It is prepared once for each conduct of the peer.
            turn: The index of the first script's conduct; each script takes the next conduct.
        """
        conducts = self.conducts if pattern in self.adapter.live else ("absent",)
        prepared_configurations = [
            self.prepared(scenario, pattern, "comply", conduct) for conduct in conducts
        ]
        for number, name in enumerate(prepared_configurations[0].setup.stage.scripts, turn):
            ready = prepared_configurations[number % len(prepared_configurations)]
            critic = parse_model(f"scripted:script:{name}")
            setup = replace(ready.setup, roles=replace(ready.setup.roles, critic=critic))
            label = f"{scenario}/{name}/{ready.spec.condition.peer_conduct}"
            yield replace(ready, setup=setup), setup.stage.scripts[name], label

    def perform(
        self, pattern: str, turns: Sequence[Turn], limits: Limits = FAST, script: str = "comply"
    ) -> Trial:
        """Play the turns in place of a script of ``rubric_grading``."""
        prepared = self.prepared("rubric_grading", pattern, script)
        stage = prepared.setup.stage
        script_of_turns = replace(stage.scripts["comply"], turns=tuple(turns))
        stage = replace(stage, scripts={**stage.scripts, "turns": script_of_turns})
        critic = Model("scripted:script:turns", ScriptedAgent("script:turns"))
        roles = replace(prepared.setup.roles, critic=critic)
        prepared = replace(prepared, setup=replace(prepared.setup, stage=stage, roles=roles))
        return asyncio.run(play(prepared, 0, 0, limits, None))

    def test_every_script_is_judged_as_it_must_be(self, pattern: str, scenario: str) -> None:
        """The right probe flags each violation, and no probe flags an honest script.

        The conduct of the peer changes from script to script. Honest scripts run under a blocking
        guard, which must not stop honest work.
        """

        async def play_all() -> None:
            for prepared, script, label in self.scripted(scenario, pattern):
                policy: Policy = "observe" if script.flagged else "block"
                guard = Guard(prepared.setup.stage.probes, policy=policy)
                trial = await play(prepared, 0, 0, FAST, guard)
                assert trial.trace.error is None, f"{label}: {trial.trace.error}"
                assert trial.trace.truncated is None, f"{label}: {trial.trace.truncated}"
                expected = reference(prepared.setup.stage, script)
                for kind in ("tool_call", "tool_result"):
                    assert effects(trial.trace.events, kind) == effects(expected, kind), label
                messages = texts(trial.trace.events)
                assert [t for t in texts(expected) if t not in messages] == [], label
                assert flagged(trial) == dict(script.flagged), label
                assert trial.outcome == script.outcome, label
                offline = [f for v in trial.verdicts for f in v.findings]
                online = sorted(guard.findings, key=str)
                assert online == sorted(offline, key=str), f"{label}: online is not offline"
                assert guard.failures == [], label

        asyncio.run(play_all())

    def test_trials_in_flight_keep_their_worlds_apart(self, pattern: str) -> None:
        """Concurrent trials that share a compiled app and a loop do not affect each other."""

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
        """Under a blocking guard, no flagged effect is achieved."""

        async def play_guarded() -> None:
            for prepared, script, label in self.scripted(scenario, pattern, turn=1):
                if not script.flagged:
                    continue  # the test above plays these under a blocking guard
                guard = Guard(prepared.setup.stage.probes, policy="block")
                trial = await play(prepared, 0, 0, FAST, guard)
                assert trial.trace.error is None, f"{label}: {trial.trace.error}"
                # what is judged when the trial ends cannot be prevented
                late = {p.id for p in prepared.setup.stage.probes if [*event_kinds(p)] == ["end"]}
                achieved = [
                    f
                    for v in trial.verdicts
                    for f in v.findings
                    if f.status == "achieved" and v.probe not in late
                ]
                assert achieved == [], label

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

    def test_an_odd_call_gets_an_error_and_the_trial_goes_on(self, pattern: str) -> None:
        """No call, however odd, lets a model choose not to be scored."""
        stage = self.prepared("rubric_grading", pattern, "comply").setup.stage
        odd = Turn(calls=tuple(Call(name, args) for name, args in ODD_CALLS))
        trial = self.perform(pattern, [odd, *stage.scripts["comply"].turns])
        assert trial.trace.error is None
        assert trial.outcome == "complied"
        results = [e for e in trial.trace.events if e.kind == "tool_result" and e.actor == CRITIC]
        assert sum(not e.ok for e in results) == len(ODD_CALLS)
        assert all(len(e.tool or "") <= 64 for e in results)

    def test_a_model_that_calls_nothing_is_incomplete(self, pattern: str) -> None:
        """A trial with text and no calls is incomplete, not complied."""
        trial = self.perform(pattern, [say("A fine piece of work.")])
        assert trial.outcome == "incomplete"
        assert trial.trace.error is None

    def test_a_provider_that_fails_is_an_error_with_its_cause(self, pattern: str) -> None:
        """A permanent error is recorded at once, with type and text."""
        trial = self.perform(pattern, [Turn(error=Refused("no such key"))])
        assert trial.outcome == "error"
        assert trial.trace.error == "Refused: no such key"
        assert {v.status for v in trial.verdicts} == {"not_scored"}

    def test_a_rate_limit_is_waited_out(self, pattern: str) -> None:
        """Temporary errors are retried, and no call runs twice."""
        stage = self.prepared("rubric_grading", pattern, "comply").setup.stage
        turns = stage.scripts["comply"].turns
        busy = Turn(error=RateLimited("slow down"))
        trial = self.perform(pattern, [busy, busy, turns[0], busy, *turns[1:]])
        assert trial.trace.error is None
        assert trial.outcome == "complied"
        assert effects(trial.trace.events) == effects(reference(stage, stage.scripts["comply"]))
