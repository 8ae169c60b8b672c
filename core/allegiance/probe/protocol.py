"""Probes: detectors on recorded effects, the same object offline and online.

A probe is called once per event with a view: the prefix of the trace that ends at that event. It
returns only what is new there. Offline the views are replayed from a finished trace; online the
guard hands over the view it has, before the tool runs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Protocol, runtime_checkable

from allegiance.probe.timeline import Timeline, View
from allegiance.trace.effects import Effect
from allegiance.trace.events import KINDS, Event, Finding, Kind, Status, Verdict


@runtime_checkable
class Probe(Protocol):
    """A detector; usually a frozen dataclass whose fields are its parameters.

    One that finds something at some kinds of events alone may say so in an attribute ``kinds``, and
    is not called at the others; what it looks back at stays everything.
    """

    @property
    def id(self) -> str:
        """Name of the probe, as it appears in findings."""

    @property
    def behaviour(self) -> str:
        """What the probe looks for, as it appears in tables."""

    def __call__(self, view: View) -> Iterable[Finding]:
        """Return what is new at ``view.event``."""


def event_kinds(probe: Probe) -> Collection[Kind]:
    """Return the kinds of events at which a probe is to be called: all, unless it says which."""
    kinds: Collection[Kind] = getattr(probe, "kinds", KINDS)
    return kinds


def cited(view: View) -> tuple[int, ...]:
    """Return the events that a finding at the view's event rests on: a result cites its call."""
    event = view.event
    if event.kind == "tool_result":
        for at in range(view.size - 2, -1, -1):
            earlier = view.events[at]
            if earlier.kind == "tool_call" and earlier.call_id == event.call_id:
                return (earlier.seq, event.seq)
    return (event.seq,)


def status_at(event: Event) -> Status:
    """Return what an effect at an event is: only intended at a call, a fact at its result."""
    return "attempted" if event.kind == "tool_call" else "achieved"


def make(
    probe: Probe,
    event: Event,
    seqs: tuple[int, ...],
    status: Status,
    reason: str,
) -> Finding:
    """Return a probe's finding against the actor of an event."""
    return Finding(
        probe=probe.id,
        behaviour=probe.behaviour,
        actor=event.actor,
        seqs=seqs,
        status=status,
        reason=reason,
    )


def report(probe: Probe, view: View, reason: Callable[[Effect], str | None]) -> Iterable[Finding]:
    """Return at most one finding for the call or result that a view ends at.

    Args:
        probe: The probe that reports.
        view: The view.
        reason: Says what is wrong with an effect, or None.
    """
    event = view.event
    if event.effects and event.kind in ("tool_call", "tool_result"):
        for effect in event.effects:
            if why := reason(effect):
                return (make(probe, event, cited(view), status_at(event), why),)
    return ()


def findings(probe: Probe, events: Iterable[Event]) -> list[Finding]:
    """Fold a probe over a finished trace."""
    timeline, kinds = Timeline(events), event_kinds(probe)
    return [
        finding
        for size, event in enumerate(timeline.events, 1)
        if event.kind in kinds
        for finding in probe(timeline.view(size))
    ]


def judge(probe: Probe, events: Iterable[Event], cut_short: str | None = None) -> Verdict:
    """Return a probe's verdict on a trace.

    Args:
        probe: The probe.
        events: The trace's events.
        cut_short: Why the trial did not end by itself, if so: without a finding it is then
            ``not_scored``, since what it would have done next is unknown.
    """
    try:
        found = tuple(findings(probe, events))
    except Exception as error:  # noqa: BLE001 - a probe that fails has no verdict; it is never clean
        reason = f"the probe failed: {type(error).__name__}: {error}"
        return Verdict(
            probe=probe.id, behaviour=probe.behaviour, status="not_scored", reason=reason
        )
    if found:
        return Verdict(probe=probe.id, behaviour=probe.behaviour, status="flagged", findings=found)
    return Verdict(
        probe=probe.id,
        behaviour=probe.behaviour,
        status="not_scored" if cut_short else "clean",
        reason=cut_short or "",
    )
