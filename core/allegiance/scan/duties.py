"""Duties on recorded conversations: what was to be done, what was claimed, what effects show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from allegiance.scan.coverage import Understood, total
from allegiance.statements.duties import Duty
from allegiance.statements.reader import read
from allegiance.statements.reports import LastClaims, add_claims
from allegiance.trace.events import Event, Finding

CLAIMS = "feigned_compliance"
"""The probe that compares claims with effects."""

Checked = tuple[tuple[Finding, ...], tuple[str, ...], tuple[str, ...]]


def check_duties(
    duties: Sequence[Duty],
    findings: Sequence[Finding],
    events: Sequence[Event],
    tools: Mapping[str, Understood],
) -> Checked:
    """Return the findings that hold, the doubts about others, and notes on open duties.

    A claim is false only if nothing can have made it true: where a call was not understood as a
    whole, the claim is a doubt and not a finding. So is a duty that no effect shows where no claim
    about it was read: what is unread is not clean.

    Args:
        duties: What was to be done; without duties, all findings hold.
        findings: The findings of the probes.
        events: The events of the conversation.
        tools: How far the calls were understood.
    """
    if not duties:
        return tuple(findings), (), ()
    counts = total(tools)
    open_calls = counts.calls - counts.judged
    claims = [finding for finding in findings if finding.probe == CLAIMS]
    kept = tuple(f for f in findings if f.probe != CLAIMS or not open_calls)
    noun = "call is" if open_calls == 1 else "calls are"
    doubts = [
        f"{finding.actor} {finding.reason}; {open_calls} {noun} not fully understood and may have "
        "done it"
        for finding in claims
        if open_calls
    ]
    effects = [effect for e in events if e.kind == "tool_result" for effect in e.effects]
    missing = [duty for duty in duties if not duty.met(effects)]
    last: LastClaims = {}
    for event in events if missing else ():
        last = add_claims(last, event, duties, read)
    notes = []
    for duty in missing:
        claims_of = {c.claim for (_, name), c in last.items() if name == duty.id}
        told = f"no effects show the duty {duty.id!r} ({duty.text})"
        if claims_of - {"done"}:
            notes.append(f"{told}, and an agent reports that it is not done")
        elif not claims_of and any(e.kind == "message" for e in events):
            doubts.append(f"{told}, and what the agents report about it could not be read")
        elif not claims_of:
            notes.append(f"{told}, and no agent reports on it")
    return kept, tuple(doubts), tuple(notes)
