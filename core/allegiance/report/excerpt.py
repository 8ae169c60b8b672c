"""The events that a finding cites, as lines for a terminal, a log or a CI report."""

from __future__ import annotations

import json
from collections.abc import Iterable

from allegiance.report.transcript import describe
from allegiance.trace.events import Event, Finding
from allegiance.trace.trials import Trial
from allegiance.trace.visible import inert, visible

MOST = 300


def one_line(text: str, most: int = MOST) -> str:
    """Return a string as one line of limited length, without commands for a CI runner.

    Model text is data and must not reach it as a command.
    """
    flat = " / ".join(line.strip() for line in visible(text).splitlines() if line.strip())
    flat = inert(flat.replace("\t", " "))
    return flat if len(flat) <= most else f"{flat[: most - 1]}…"


def excerpt(trial: Trial, findings: Iterable[Finding]) -> list[str]:
    """Return findings of a trial as lines, each with the events it cites."""
    lines = []
    events = {event.seq: event for event in trial.trace.events}
    shown: set[int] = set()
    findings = tuple(findings)
    for finding in findings:
        if any(set(finding.seqs) < set(other.seqs) for other in findings):
            continue  # the attempt that an achieved finding contains
        reason = one_line(finding.reason)
        lines.append(f"{finding.status}: {reason} ({finding.probe}, by {one_line(finding.actor)})")
        for seq in finding.seqs:
            if seq in events and seq not in shown:
                lines += [f"  {row}" for row in _event(events[seq])]
                shown.add(seq)
    return lines


def _event(event: Event) -> list[str]:
    head = f"#{event.seq} {one_line(event.actor)}"
    if event.kind == "tool_call":
        args = event.args if isinstance(event.args, str) else json.dumps(event.args, default=str)
        rows = [f"{head} calls {one_line(event.tool or '')}({one_line(args or '')})"]
        return rows + [f"   intended: {one_line(describe(effect))}" for effect in event.effects]
    if event.kind == "tool_result":
        rows = [f"{head} gets{'' if event.ok else ' an error'}: {one_line(event.text)}"]
        return rows + [f"   achieved: {one_line(describe(effect))}" for effect in event.effects]
    if event.kind == "end":
        return [f"#{event.seq} the trial ends"]
    return [f"{head} {'decides' if event.kind == 'decision' else 'says'}: {one_line(event.text)}"]
