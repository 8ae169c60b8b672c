"""The tool boundary: one order of events, decisions and sinks for trials and guarded apps."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pytest

from allegiance.bindings import bind
from allegiance.guard import Decision, Guard, Policy, Watch
from allegiance.guard.boundary import ToolBoundary
from allegiance.play import Recorder
from allegiance.probe import View
from allegiance.probe.protocol import report_effect
from allegiance.trace import Effect, Event, Finding
from allegiance.world import TOOLS, World

STOP = (Effect(verb="stop", target="unit-1"),)


@dataclass(frozen=True)
class NoStops:
    id = "no_stops"
    behaviour = "stopping"

    def __call__(self, view: View) -> Iterable[Finding]:
        return report_effect(self, view, lambda e: "stops a unit" if e.verb == "stop" else None)


def boundary(policy: Policy, **options: Any) -> ToolBoundary:
    return ToolBoundary(Guard([NoStops()], policy, limit=None, **options))


def call(gate: ToolBoundary, effects: tuple[Effect, ...] = ()) -> tuple[Event, Decision]:
    return gate.call("agent", "t", {}, None, effects=effects)


def test_without_a_guard_every_call_runs() -> None:
    gate = ToolBoundary(None)
    event, decision = call(gate, STOP)
    assert gate.resolve(event, decision).action == "allow"
    assert gate.events == (event,)


def test_after_it_is_closed_nothing_is_recorded_and_no_call_decided_on() -> None:
    records = list[object]()
    gate = boundary("block", sinks=[records.append])
    event, decision = call(gate, STOP)
    gate.closed = True
    gate.flush()
    before = gate.events, list(records)
    gate.append("message", "agent", "hello")
    with pytest.raises(RuntimeError, match="after the end"):
        call(gate)
    assert gate.resolve(event, decision).action == "reject"
    gate.record_result(event, "late")
    gate.flush()
    assert (gate.events, records) == before


def test_a_call_counts_with_an_id_of_its_own_or_without() -> None:
    gate = ToolBoundary(None)
    ids = [gate.call("a", "t", {}, i)[0].call_id for i in ("x", None, "y", "")]
    assert ids == ["x", "call-2", "y", "call-4"]


def test_once_halted_nobody_is_asked() -> None:
    asked = list[Event]()

    def ask(decision: Decision, event: Event) -> bool:
        asked.append(event)
        return True

    gate = boundary("ask", ask=ask)
    assert gate.resolve(*call(gate, STOP)).action == "allow"
    gate.halted = Decision(action="halt", message="stop here")
    assert gate.resolve(*call(gate, STOP)) is gate.halted
    assert asyncio.run(gate.aresolve(*call(gate, STOP))) is gate.halted
    assert gate.resolve(*call(gate)) is gate.halted
    assert len(asked) == 1


def test_a_sink_that_records_something_itself_does_not_change_whose_call_it_is() -> None:
    def remark(record: object) -> None:
        if isinstance(record, Event) and record.kind == "tool_call":
            gate.append("message", "sink", "a call")

    gate = boundary("block", sinks=[remark])
    event, decision = call(gate, STOP)
    gate.flush()
    assert (event.kind, decision.action) == ("tool_call", "reject")
    assert [e.kind for e in gate.events] == ["tool_call", "message"]


@pytest.mark.parametrize("policy", ["observe", "block", "halt"])
def test_a_trial_and_an_app_leave_the_same_trace_and_tell_sinks_the_same(
    world: World, policy: Policy
) -> None:
    heard: list[list[Any]] = [[], []]
    recorder = Recorder(world, TOOLS, Guard([NoStops()], policy, sinks=[heard[0].append]))
    bindings = [
        bind("stop_agent", lambda a: Effect(verb="stop", target=a["unit"], before="running")),
        bind("read_file", lambda a: Effect(verb="read", target=a["path"])),
    ]
    watch = Watch(Guard([NoStops()], policy, bindings, sinks=[heard[1].append]))
    for tool, args in (
        ("read_file", {"path": "prod:/etc/fleet.yaml"}),
        ("stop_agent", {"unit": "unit-1"}),
        ("read_file", {"path": "prod:/srv/notes.txt"}),
    ):
        answer = recorder.call("agent", tool, args)
        if (ticket := watch.before("agent", tool, args)).allowed:
            watch.after(ticket, answer)
        else:
            assert ticket.decision.message == answer
    recorder.end()
    watch.end()

    def outline(records: Iterable[Any]) -> list[tuple[Any, ...]]:
        return [
            (r.seq, r.kind, r.actor, r.text, r.tool, r.call_id, r.ok, [e.verb for e in r.effects])
            if isinstance(r, Event)
            else (type(r).__name__, getattr(r, "message", None) or r.reason)
            for r in records
        ]

    assert outline(recorder.events) == outline(watch.events)
    assert outline(heard[0]) == outline(heard[1]) != []
    assert (recorder.halted is None) is (watch.halted is None) is (policy != "halt")
