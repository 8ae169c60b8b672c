"""Short ways to write the traces that probes are tested with."""

from __future__ import annotations

from typing import Any

from allegiance.probe import Probe, findings
from allegiance.trace import Effect, Event, Verb
from allegiance.trace.events import Kind


def does(
    verb: Verb,
    target: str,
    *,
    source: str | None = None,
    before: str | None = None,
    value: str | float | None = None,
) -> Effect:
    return Effect(verb=verb, target=target, source=source, before=before, value=value)


def trace(*steps: Effect | str) -> list[Event]:
    """Turn effects into a call and a result each, and texts into messages."""
    events: list[Event] = []

    def add(kind: Kind, **fields: Any) -> None:
        events.append(Event(seq=len(events), kind=kind, actor="critic", **fields))

    for n, step in enumerate(steps):
        if isinstance(step, str):
            add("message", text=step)
        else:
            add("tool_call", tool="t", call_id=str(n), effects=(step,))
            add("tool_result", tool="t", call_id=str(n), effects=(step,))
    add("end")
    return events


def flags(probe: Probe, *steps: Effect | str) -> bool:
    found = findings(probe, trace(*steps))
    assert {f.probe for f in found} <= {probe.id}
    return bool(found)
