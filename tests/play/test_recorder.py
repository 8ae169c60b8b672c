from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from allegiance.guard import Guard, Policy
from allegiance.play import Recorder
from allegiance.probe import View
from allegiance.probe.protocol import report_effect
from allegiance.trace import Effect, Event, Finding
from allegiance.world import TOOLS, World, replay

FLEET = "prod:/etc/fleet.yaml"


@dataclass(frozen=True)
class NoStops:
    """Flags every stop of a unit."""

    id = "no_stops"
    behaviour = "stopping"

    def __call__(self, view: View) -> Iterable[Finding]:
        return report_effect(self, view, lambda e: "stops a unit" if e.verb == "stop" else None)


@dataclass(frozen=True)
class Broken:
    """Fails at every event."""

    id = "broken"
    behaviour = "nothing"

    def __call__(self, view: View) -> Iterable[Finding]:
        raise ValueError("no such column")


def guarded(world: World, policy: Policy, *probes: Any) -> tuple[Recorder, Guard]:
    guard = Guard(probes or (NoStops(),), policy, limit=None)
    return Recorder(world, TOOLS, guard), guard


def test_a_call_is_two_events_and_the_answer_is_what_is_recorded(recorder: Recorder) -> None:
    text = recorder.call("critic", "stop_agent", {"unit": "unit-1"}, "abc")
    call, result = recorder.events
    assert (call.kind, result.kind) == ("tool_call", "tool_result")
    assert call.call_id == result.call_id == "abc"
    assert call.effects == result.effects
    assert result.text == text
    assert recorder.world.agents["unit-1"] == "stopped"


def test_parallel_threads_leave_one_consistent_trace(world: World) -> None:
    recorder, guard = guarded(world, "block")
    start = threading.Barrier(8)

    def hammer(n: int) -> None:
        start.wait()
        for i in range(20):
            recorder.turn(f"agent-{n}", f"turn {i}", 2, 1)
            recorder.call(
                f"agent-{n}", "write_file", {"path": "prod:/shared", "content": f"{n}.{i}"}
            )
            recorder.call(f"agent-{n}", "submit_evaluation", {"unit": "unit-1", "score": i})
            recorder.call(f"agent-{n}", "stop_agent", {"unit": "unit-1"})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(hammer, range(8)))
    events = recorder.events
    assert [e.seq for e in events] == list(range(len(events)))
    assert len(events) == 8 * 20 * (1 + 2 + 2 + 3)
    calls: dict[str | None, Event] = {}
    for event in events:
        if event.kind == "tool_call":
            assert event.call_id not in calls
            calls[event.call_id] = event
        elif event.kind == "tool_result":
            assert calls[event.call_id].actor == event.actor
            assert calls[event.call_id].tool == event.tool
    effects = [(e.actor, x) for e in events if e.kind == "tool_result" for x in e.effects]
    assert recorder.world == replay(world, effects)
    writes = [x for _, x in effects if x.target == "prod:/shared"]
    assert [w.before for w in writes[1:]] == [w.value for w in writes[:-1]], "a write was lost"
    assert recorder.usage.model_dump(exclude_defaults=True) == {
        "turns": 160,
        "input_tokens": 320,
        "output_tokens": 160,
    }
    assert recorder.world.agents["unit-1"] == "running"
    assert len(guard.findings) == 160


def test_after_the_end_nothing_is_recorded_or_done(recorder: Recorder) -> None:
    recorder.end("time limit")
    events, world = recorder.events, recorder.world
    assert recorder.call("critic", "stop_agent", {"unit": "unit-1"}) == "Error: the trial is over"
    recorder.message("critic", "one more thing")
    recorder.turn("critic", "one more thing")
    recorder.note("critic", "search", {}, "found")
    recorder.end("again")
    assert recorder.events == events
    assert recorder.world == world
    assert (events[-1].kind, events[-1].text) == ("end", "time limit")


def test_an_empty_message_leaves_no_event_but_its_turn_counts(recorder: Recorder) -> None:
    recorder.turn("critic", " \n", 5, 3)
    assert recorder.events == ()
    assert (recorder.usage.turns, recorder.usage.input_tokens) == (1, 5)


def test_blocking_rejects_the_call_that_is_flagged_and_no_other(world: World) -> None:
    recorder, _ = guarded(world, "block")
    text = recorder.call("critic", "stop_agent", {"unit": "unit-1"})
    assert text == "Rejected by policy: stops a unit"
    assert recorder.world == world
    kinds = [e.kind for e in recorder.events]
    assert kinds == ["tool_call", "decision", "tool_result"]
    assert [e.ok for e in recorder.events] == [True, False, False]
    assert recorder.events[0].effects[0].verb == "stop", "the attempt stays on record"
    assert recorder.events[2].effects == ()
    assert recorder.call("critic", "delete_file", {"path": FLEET}).startswith("Deleted")


def test_observing_lets_it_happen_and_keeps_the_findings(world: World) -> None:
    recorder, guard = guarded(world, "observe", NoStops(), Broken())
    assert "stopped" in recorder.call("critic", "stop_agent", {"unit": "unit-1"})
    assert [f.status for f in guard.findings] == ["attempted", "achieved"]
    assert guard.failures[0] == "broken failed: ValueError: no such column"


def test_a_halt_is_latched(world: World) -> None:
    recorder, _ = guarded(world, "halt")
    assert recorder.halted is None
    recorder.call("critic", "write_file", {"path": "prod:/a", "content": "b"})
    before = recorder.world
    first = recorder.call("critic", "stop_agent", {"unit": "unit-1"})
    assert recorder.halted is not None
    harmless = [
        recorder.call("critic", "read_file", {"path": FLEET}),
        recorder.call("peer", "write_file", {"path": "prod:/a", "content": "c"}),
        recorder.call("peer", "no_such_tool", {}),
    ]
    assert harmless == [first] * 3
    assert recorder.world == before
    assert [e.kind for e in recorder.events[-3:]] == ["tool_call", "decision", "tool_result"]


def test_a_probe_that_fails_rejects_and_says_why(world: World) -> None:
    recorder, guard = guarded(world, "block", Broken())
    recorder.message("critic", "hello")
    text = recorder.call("critic", "read_file", {"path": FLEET})
    assert text == "Rejected by policy: broken failed: ValueError: no such column"
    decision = recorder.events[2]
    assert (decision.kind, decision.text, decision.ok) == ("decision", text, False)
    assert recorder.events[3].text == text
    assert set(guard.failures) == {"broken failed: ValueError: no such column"}


def test_the_guard_takes_probes_from_an_iterator_once(world: World) -> None:
    recorder = Recorder(world, TOOLS, Guard(iter([NoStops()]), "block", limit=None))
    recorder.message("critic", "hello")
    assert recorder.call("critic", "stop_agent", {"unit": "unit-1"}).startswith("Rejected")


SURROGATE = "a\ud800b"


@pytest.mark.parametrize(
    ("tool", "args"),
    [
        ("write_file", {"path": "prod:/x", "content": SURROGATE}),
        ("write_file", {"path": f"prod:/{SURROGATE}", "content": "x"}),
        ("write_file", json.dumps({"path": f"prod:/{SURROGATE}", "content": SURROGATE})),
        ("write_file", json.dumps({SURROGATE: SURROGATE})),
        ("write_file", SURROGATE),
        (SURROGATE, {SURROGATE: [SURROGATE, {"deep": SURROGATE}]}),
        ("retrieve_memory", {"query": SURROGATE}),
        ("send_message", {"to": SURROGATE, "text": SURROGATE}),
    ],
)
def test_lone_surrogates_can_be_written_and_read_back(
    recorder: Recorder, tool: str, args: Any
) -> None:
    text = recorder.call("critic", tool, args)
    assert text.encode()
    recorder.message("critic", SURROGATE)
    recorder.note("critic", SURROGATE, {SURROGATE: SURROGATE}, SURROGATE)
    assert len(recorder.events) == 5
    for event in recorder.events:
        assert Event.model_validate_json(event.model_dump_json()) == event
    for name, file in recorder.world.files.items():
        assert name.encode()
        assert file.content.encode() is not None


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth):
        value = {"a": [value]}
    return value


@pytest.mark.parametrize(
    "args",
    [
        {"path": "prod:/x", "content": "x" * 1_000_000},
        {str(n): n for n in range(5_000)},
        {"path": nested(1000)},
        {"n": 10**400},
        {"n": float("inf"), "m": float("nan")},
        nested(5000),
        json.dumps({"path": "prod:/x", "content": "y" * 1_000_000}),
        "[" * 100_000,
        "9" * 10_000,
        ["prod:/x"],
        None,
    ],
    ids=[
        "long",
        "wide",
        "deep",
        "big_int",
        "no_numbers",
        "deepest",
        "text",
        "brackets",
        "digits",
        "list",
        "nothing",
    ],
)
def test_huge_arguments_are_answered_and_can_be_read_back(recorder: Recorder, args: Any) -> None:
    assert recorder.call("critic", "write_file", args)
    for event in recorder.events:
        again = Event.model_validate_json(event.model_dump_json())
        assert again.effects == event.effects
        assert again.seq == event.seq


def test_a_tool_that_is_not_on_offer_is_answered_with_those_that_are(recorder: Recorder) -> None:
    text = recorder.call("critic", "shell", {"command": "ls"})
    assert text.startswith("Error: no tool named 'shell'; the tools are list_files, ")
    assert [e.ok for e in recorder.events] == [True, False]


def test_a_note_is_a_call_without_effects(recorder: Recorder) -> None:
    recorder.note("critic", "search", {"q": "x"}, "three hits")
    call, result = recorder.events
    assert call.call_id == result.call_id
    assert (call.effects, result.effects, result.text) == ((), (), "three hits")


def test_effects_are_applied_in_the_callers_name(recorder: Recorder) -> None:
    recorder.call("peer", "send_message", {"to": "ops", "text": "hi"})
    assert recorder.world.messages == (("peer", "ops", "hi"),)
    assert recorder.events[1].effects == (Effect(verb="message", target="ops", value="hi"),)
