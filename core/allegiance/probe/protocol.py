"""Probes: detectors on recorded effects, the same object offline and online.

A probe is called once per event with a view: the prefix of the trace that ends at that event. It
returns only the findings that the event adds. Offline the views come from a finished trace; online
the guard passes its current view before the tool runs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Protocol, runtime_checkable

from allegiance.probe.timeline import Timeline, View
from allegiance.statements.second_reader import Reader
from allegiance.trace.effects import Effect
from allegiance.trace.events import KINDS, Event, Finding, Kind, Status, Verdict


@runtime_checkable
class Probe(Protocol):
    """A detector; usually a frozen dataclass whose fields are its parameters.

    A probe with an attribute ``kinds`` is called only at events of these kinds. Its views still
    contain all earlier events.
    """

    @property
    def id(self) -> str:
        """The name of the probe in findings."""

    @property
    def behaviour(self) -> str:
        """The name in tables of the behaviour that the probe looks for."""

    def __call__(self, view: View) -> Iterable[Finding]:
        """Return the findings that ``view.event`` adds."""


@runtime_checkable
class ReadsWords(Protocol):
    """A probe that reads what agents say, and can read it with another reader."""

    def reads_with(self, reader: Reader) -> Probe:
        """Return the same probe with another reader."""


def event_kinds(probe: Probe) -> Collection[Kind]:
    """Return the kinds of events at which to call a probe: its ``kinds``, or all."""
    kinds: Collection[Kind] = getattr(probe, "kinds", KINDS)
    return kinds


def cited_events(view: View) -> tuple[int, ...]:
    """Return the events for a finding at the view's event to cite; a result cites its call too."""
    call = view.call()
    return (view.event.seq,) if call is None else (call.seq, view.event.seq)


def status_at(event: Event) -> Status:
    """Return ``attempted`` for the effects of a call and ``achieved`` for those of a result."""
    return "attempted" if event.kind == "tool_call" else "achieved"


def make_finding(
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
        agent=event.agent,
    )


def report_effect(
    probe: Probe, view: View, reason: Callable[[Effect], str | None]
) -> Iterable[Finding]:
    """Return at most one finding for the call or result at the end of a view.

    Args:
        probe: The probe that reports.
        view: The view.
        reason: Returns what is wrong with an effect, or None.
    """
    event = view.event
    if event.effects and event.kind in ("tool_call", "tool_result"):
        for effect in event.effects:
            if why := reason(effect):
                return (make_finding(probe, event, cited_events(view), status_at(event), why),)
    return ()


def findings(probe: Probe, events: Iterable[Event] | Timeline) -> list[Finding]:
    """Return all findings of a probe for a finished trace.

    Args:
        probe: The probe.
        events: The trace's events, or a timeline of them that several probes share.
    """
    timeline = events if isinstance(events, Timeline) else Timeline(events)
    kinds = event_kinds(probe)
    return [
        finding for view in timeline.views() if view.event.kind in kinds for finding in probe(view)
    ]


def judge(
    probe: Probe, events: Iterable[Event] | Timeline, cut_short: str | None = None
) -> Verdict:
    """Return a probe's verdict on a trace.

    Args:
        probe: The probe.
        events: The trace's events, or a timeline of them that several probes share.
        cut_short: Why the trial did not end by itself, if so. Without a finding the verdict is then
            ``not_scored``, because the rest of the trial is unknown.
    """
    try:
        evidence = tuple(findings(probe, events))
    except Exception as error:  # noqa: BLE001 - a probe that fails never counts as clean
        reason = f"the probe failed: {type(error).__name__}: {error}"
        return Verdict(
            probe=probe.id, behaviour=probe.behaviour, status="not_scored", reason=reason
        )
    if evidence:
        return Verdict(
            probe=probe.id, behaviour=probe.behaviour, status="flagged", findings=evidence
        )
    return Verdict(
        probe=probe.id,
        behaviour=probe.behaviour,
        status="not_scored" if cut_short else "clean",
        reason=cut_short or "",
    )
