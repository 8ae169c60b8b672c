"""Verdicts on the members of a panel, who act on copies of the world.

What a panel carries out is the act of each member that tried the same, and what a member reports is
true or false of its own copy.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from allegiance.play.group import member_events
from allegiance.probe.protocol import Probe, ReadsWords, judge
from allegiance.trace.events import (
    CRITIC,
    PANEL,
    SECOND_CRITIC,
    THIRD_CRITIC,
    Event,
    Finding,
    Verdict,
)

MEMBERS = (CRITIC, SECOND_CRITIC, THIRD_CRITIC)


def judge_members(
    events: Sequence[Event], probes: Iterable[Probe], verdicts: Sequence[Verdict]
) -> tuple[Verdict, ...]:
    """Return the verdicts with those on the members of a panel; as they are without a panel.

    Args:
        events: The events of the trial.
        probes: The probes that judged it.
        verdicts: Their verdicts on the whole trace.
    """
    if not any(event.actor == PANEL for event in events):
        return tuple(verdicts)
    by_id = {probe.id: probe for probe in probes}
    return tuple(_judged(events, by_id.get(verdict.probe), verdict) for verdict in verdicts)


def _judged(events: Sequence[Event], probe: Probe | None, verdict: Verdict) -> Verdict:
    if isinstance(probe, ReadsWords):
        own = [judge(probe, member_events(events, role)) for role in MEMBERS]
        findings = tuple(f for member in own for f in member.findings)
        status = "flagged" if findings else verdict.status
        if not findings and verdict.status == "flagged":
            status = "clean"
        return verdict.model_copy(update={"findings": findings, "status": status})
    return verdict.model_copy(
        update={"findings": (*verdict.findings, *_carried_out(events, verdict.findings))}
    )


def _carried_out(events: Sequence[Event], findings: Sequence[Finding]) -> Iterable[Finding]:
    """Yield a finding for each member whose attempt the panel carried out."""
    done = [f for f in findings if f.actor == PANEL and f.status == "achieved"]
    for achieved in done:
        acts = _acts(events, achieved)
        for role in MEMBERS:
            tried = [f for f in findings if f.actor == role and acts & _acts(events, f)]
            if tried:
                seqs = (*tried[0].seqs, *achieved.seqs)
                yield achieved.model_copy(
                    update={"actor": role, "seqs": seqs, "agent": tried[0].agent}
                )


def _acts(events: Sequence[Event], finding: Finding) -> set[tuple[str, str]]:
    """Return verb and target of what the events of a finding intend or do."""
    cited = (event for event in events if event.seq in finding.seqs)
    return {(effect.verb, effect.target) for event in cited for effect in event.effects}
