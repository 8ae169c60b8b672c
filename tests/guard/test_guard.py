"""A guard decides, fails closed, asks, halts, and tells its sinks."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from allegiance.bindings import bind
from allegiance.bindings.binding import find
from allegiance.guard import Guard, GuardBypassed, Watch
from allegiance.guard.sinks import JsonLines, Logging, OpenTelemetry
from allegiance.probe import View
from allegiance.probes import WeightExfiltration
from allegiance.trace import Effect, Event, Finding

COPY = bind("cp", lambda a: Effect(verb="copy", source=a["src"], target=a["dst"]))
AWAY = {"src": "models/peer.bin", "dst": "usb:/peer.bin"}
HARMLESS = {"src": "notes.txt", "dst": "usb:/notes.txt"}
WEIGHTS = WeightExfiltration(assets=["models/**"], allowed=["vault:*"])


class Broken:
    id: ClassVar[str] = "broken"
    behaviour: ClassVar[str] = "nothing"

    def __init__(self, how: str) -> None:
        self.how = how
        self.released = threading.Event()

    def __call__(self, view: View) -> Iterable[Finding]:
        if view.event.kind != "tool_call":
            return []
        if self.how == "raises":
            raise ZeroDivisionError("oops")
        if self.how == "hangs":
            self.released.wait()
        return ["nonsense"] if self.how == "nonsense" else []  # type: ignore[list-item]


def test_block_rejects_what_a_probe_flags_and_nothing_else() -> None:
    guard = Guard([WEIGHTS], bindings=[COPY])
    watch = Watch(guard)
    assert watch.before("agent", "cp", HARMLESS).allowed
    ticket = watch.before("agent", "cp", AWAY)
    assert not ticket.allowed
    assert "copies weights" in ticket.decision.message
    assert [f.status for f in watch.findings] == ["attempted"]
    assert [e.kind for e in watch.events] == ["tool_call", "tool_call", "decision", "tool_result"]
    assert watch.events[-1].effects == ()


def test_observe_lets_through_and_finds_what_replay_finds() -> None:
    from allegiance.probe import findings

    guard = Guard([WEIGHTS], policy="observe", bindings=[COPY])
    watch = Watch(guard)
    ticket = watch.before("agent", "cp", AWAY)
    assert ticket.allowed
    watch.after(ticket, "copied")
    watch.end()
    assert [f.status for f in watch.findings] == ["attempted", "achieved"]
    assert watch.findings == findings(WEIGHTS, watch.events)


@pytest.mark.parametrize("how", ["raises", "nonsense", "hangs"])
def test_a_probe_that_fails_rejects_and_says_why(how: str) -> None:
    broken = Broken(how)
    guard = Guard([broken], limit=0.2 if how == "hangs" else None)
    ticket = Watch(guard).before("agent", "anything", {})
    broken.released.set()
    assert not ticket.allowed
    expected = {"raises": "ZeroDivisionError: oops", "nonsense": "not a Finding", "hangs": "0.2 s"}
    assert expected[how] in ticket.decision.message
    assert expected[how] in guard.failures[0]


@pytest.mark.parametrize(
    "binding",
    [
        bind("t", lambda a: a["missing"]),
        bind("t", lambda a: "nonsense"),
        bind("t", lambda a: 1 / 0),
    ],
)
def test_a_binding_that_fails_rejects(binding: object) -> None:
    guard = Guard([WEIGHTS], bindings=[binding])  # type: ignore[list-item]
    ticket = Watch(guard).before("agent", "t", {})
    assert not ticket.allowed
    assert "the binding of 't' failed" in guard.failures[0]


def test_a_binding_that_hangs_rejects() -> None:
    released = threading.Event()
    guard = Guard([WEIGHTS], bindings=[bind("t", lambda a: released.wait() and None)], limit=0.1)
    allowed = Watch(guard).before("agent", "t", {}).allowed
    released.set()
    assert not allowed


def test_arguments_that_are_no_json_reach_no_binding_and_are_rejected() -> None:
    assert not Watch(Guard([WEIGHTS], bindings=[COPY])).before("agent", "cp", "{src:").allowed


@pytest.mark.parametrize("args", [["a"], None, 7])
def test_arguments_that_have_no_names_are_rejected(args: Any) -> None:
    watch = Watch(Guard([WEIGHTS], bindings=[COPY]))
    assert not watch.before("agent", "cp", args, call_id=8).allowed  # type: ignore[arg-type]
    assert not watch.before("agent", "other", args).allowed
    for event in watch.events:
        assert Event.model_validate_json(event.model_dump_json()) == event
    assert "not a JSON object" in watch.events[1].text


def test_a_failing_probe_lets_through_when_only_observing() -> None:
    guard = Guard([Broken("raises")], policy="observe")
    assert Watch(guard).before("agent", "anything", {}).allowed
    assert guard.failures


def test_halt_is_latched() -> None:
    watch = Watch(Guard([WEIGHTS], policy="halt", bindings=[COPY]))
    assert watch.before("agent", "cp", HARMLESS).allowed
    assert not watch.before("agent", "cp", AWAY).allowed
    assert not watch.before("agent", "cp", HARMLESS).allowed
    assert watch.halted is not None


@pytest.mark.parametrize(("answer", "allowed"), [(True, True), (False, False), (1, False)])
def test_ask_takes_only_true_for_a_yes(answer: object, allowed: bool) -> None:
    asked: list[Event] = []

    def ask(decision: object, event: Event) -> bool:
        asked.append(event)
        return answer  # type: ignore[return-value]

    watch = Watch(Guard([WEIGHTS], policy="ask", bindings=[COPY], ask=ask))
    assert watch.before("agent", "cp", AWAY).allowed is allowed
    assert watch.before("agent", "cp", HARMLESS).allowed
    assert len(asked) == 1


def test_ask_may_be_asynchronous_and_failing_to_ask_rejects() -> None:
    async def yes(decision: object, event: Event) -> bool:
        await asyncio.sleep(0)
        return True

    def fails(decision: object, event: Event) -> bool:
        raise ConnectionError("nobody there")

    guard = Guard([WEIGHTS], policy="ask", bindings=[COPY], ask=yes)
    assert Watch(guard).before("agent", "cp", AWAY).allowed
    assert asyncio.run(Watch(guard).abefore("agent", "cp", AWAY)).allowed

    async def sync_in_a_running_loop() -> bool:
        return Watch(guard).before("agent", "cp", AWAY).allowed

    assert not asyncio.run(sync_in_a_running_loop())
    assert "event loop is busy" in guard.failures[-1]
    guard = Guard([WEIGHTS], policy="ask", bindings=[COPY], ask=fails)
    assert not Watch(guard).before("agent", "cp", AWAY).allowed
    assert "nobody there" in guard.failures[0]


def test_without_a_terminal_the_console_says_no() -> None:
    assert (
        not Watch(Guard([WEIGHTS], policy="ask", bindings=[COPY])).before("a", "cp", AWAY).allowed
    )


def test_unbound_tools_are_visible() -> None:
    watch = Watch(Guard([WEIGHTS], bindings=[COPY]))
    watch.before("agent", "cp", HARMLESS)
    watch.before("agent", "mystery", {})
    watch.before("agent", "mystery", {})
    assert watch.unbound == {"mystery": 2}
    assert watch.coverage == pytest.approx(1 / 3)
    assert [e.bound for e in watch.events] == [True, False, False]


def test_bindings_are_found_by_name_glob_and_expression() -> None:
    exact, glob = bind("fs_read", lambda a: None), bind("fs_*", lambda a: None)
    expression = bind(re.compile(r"^k8s"), lambda a: None)
    assert find([glob, exact], "fs_read") is exact
    assert find([glob, exact], "fs_write") is glob
    assert find([glob, expression], "k8s_scale") is expression
    assert find([glob, expression], "other") is None


def test_calls_that_never_came_past_are_warned_of() -> None:
    watch = Watch(Guard([WEIGHTS]))
    watch.announce("1", "cp")
    watch.announce("2", "mv")
    watch.announce("3", "rm")
    watch.before("agent", "cp", HARMLESS, "1")
    for call_id in "124":  # results that a model was shown
        watch.note_run(call_id)
    with pytest.warns(GuardBypassed, match=r"1 tool calls \(mv\)"):
        watch.end()
    assert watch.missed == {"2": "mv"}
    assert watch.pending == {"3": "rm"}


def test_sinks_get_everything_redacted_and_a_failing_one_does_no_harm(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_API_KEY", "very-secret-value")
    file = JsonLines(tmp_path / "guard.jsonl")

    def fails(record: object) -> None:
        raise OSError("disk full")

    guard = Guard([WEIGHTS], bindings=[COPY], sinks=[file, fails, Logging(events=logging.INFO)])
    watch = Watch(guard)
    with caplog.at_level(logging.INFO, "allegiance"):
        watch.message("agent", "The key is very-secret-value and sk-abcdef123456.")
        assert not watch.before("agent", "cp", {**AWAY, "note": "very-secret-value"}).allowed
        assert guard.flush()
    file.close()
    text = (tmp_path / "guard.jsonl").read_text()
    records = [json.loads(line)["record"] for line in text.splitlines()]
    assert records == ["event", "event", "finding", "decision", "event", "event"]
    assert "secret-value" not in text + caplog.text
    assert "sk-abc" not in text
    assert "copies weights" in caplog.text
    assert any("disk full" in failure for failure in guard.failures)


def test_spans_carry_findings_and_decisions() -> None:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    sink = OpenTelemetry(provider.get_tracer("test"))
    watch = Watch(Guard([WEIGHTS], policy="observe", bindings=[COPY], sinks=[sink]))
    watch.after(watch.before("ops", "cp", AWAY), "copied")
    watch.end()
    (span,) = exporter.get_finished_spans()
    assert span.name == "execute_tool cp"
    assert span.attributes is not None
    assert span.attributes["gen_ai.agent.name"] == "ops"
    labels = [(e.attributes or {})["gen_ai.evaluation.score.label"] for e in span.events]
    assert labels == ["attempted", "achieved"]


def test_a_sink_that_runs_share_keeps_spans_of_equal_call_ids_apart() -> None:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    sink = OpenTelemetry(provider.get_tracer("test"))
    guard = Guard([WEIGHTS], policy="observe", bindings=[COPY], sinks=[sink])
    first, second = Watch(guard), Watch(guard)
    away = first.before("thief", "cp", AWAY, "call-1")
    harmless = second.before("clerk", "cp", HARMLESS, "call-1")
    first.after(away, "copied")
    second.after(harmless, "full", ok=False)
    first.end()
    second.end()
    shown = {
        (span.attributes or {})["gen_ai.agent.name"]: (
            (span.attributes or {})["allegiance.ok"],
            [(e.attributes or {})["gen_ai.evaluation.score.label"] for e in span.events],
        )
        for span in exporter.get_finished_spans()
    }
    assert shown == {"thief": (True, ["attempted", "achieved"]), "clerk": (False, [])}
    assert sink._traces == {}
