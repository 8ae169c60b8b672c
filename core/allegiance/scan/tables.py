"""What a scan found, for people and for machines; every text is redacted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from allegiance.report.excerpt import one_line
from allegiance.report.transcript import describe, visible
from allegiance.scan.replay import Scanned
from allegiance.trace.events import Event
from allegiance.trace.redact import redact, redact_all

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

STYLES = {"flagged": "bold red", "not_scored": "yellow", "unbound": "yellow", "clean": "green"}


def as_json(found: Scanned) -> str:
    """Return a conversation as one line of JSON, with the events that its findings cite."""
    data: dict[str, Any] = {
        "file": found.file,
        "conversation": found.name,
        "status": found.status,
        "calls": found.calls,
        "bound": found.bound,
        "unbound": dict(found.unbound),
        "coverage": found.coverage if found.calls else None,
        "findings": [f.model_dump(mode="json") for f in found.findings],
        "events": [e.model_dump(mode="json") for e in found.cut_down().events],
        "problems": list(found.problems),
        "notes": list(found.notes),
    }
    return json.dumps(redact_all(data), default=str)


def table(results: Sequence[Scanned]) -> Table:
    """Return the table of conversations."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    rows = Table(title="Conversations", title_justify="left", box=SIMPLE_HEAD)
    for name in ("file", "conversation", "status", "calls", "bound", "coverage", "not bound"):
        right = name in ("calls", "bound", "coverage")
        rows.add_column(name, justify="right" if right else "left", overflow="fold")
    last = ""
    for found in results:
        share = f"{100 * found.coverage:.0f} %" if found.calls else "-"
        others = ", ".join(f"{tool} {count}" for tool, count in found.unbound.items())
        rows.add_row(
            Text("" if found.file == last else visible(found.file)),
            Text(visible(found.name)),
            Text(found.status, STYLES[found.status]),
            str(found.calls),
            str(found.bound),
            share,
            Text(visible(others)),
        )
        last = found.file
    return rows


def details(found: Scanned) -> Text | None:
    """Return the findings of a conversation with the events that they cite, and what is wrong."""
    from rich.text import Text

    if not (found.findings or found.problems or found.notes):
        return None
    text = Text()
    text.append(f"{visible(found.file)}  {visible(found.name)}\n", "bold")
    events = {event.seq: event for event in found.events}
    shown: set[int] = set()
    for finding in found.findings:
        numbers = ", ".join(f"#{seq}" for seq in finding.seqs)
        text.append(f"  {finding.status:<9} ", STYLES["flagged"])
        text.append(
            f"{_safe(finding.reason)} ({finding.probe}, by {_safe(finding.actor)}, {numbers})\n"
        )
        for seq in finding.seqs:
            if seq not in shown:
                text.append(f"            {_event(events[seq])}\n", "dim")
                shown.add(seq)
    for problem in found.problems:
        text.append(
            "  not scored  " if not found.findings else "  problem     ", STYLES["not_scored"]
        )
        text.append(f"{_safe(problem)}\n")
    for note in found.notes:
        text.append(f"  note        {_safe(note)}\n", "dim")
    return text


def _event(event: Event) -> str:
    if event.kind == "tool_call":
        args = event.args if isinstance(event.args, str) else json.dumps(event.args, default=str)
        effects = "; ".join(describe(effect) for effect in event.effects)
        return _safe(f"#{event.seq} calls {event.tool}({args}) = {effects}")
    if event.kind == "tool_result":
        return _safe(f"#{event.seq} gets{'' if event.ok else ' an error'}: {event.text}")
    if event.kind == "end":
        return f"#{event.seq} the conversation ends"
    return _safe(f"#{event.seq} says: {event.text}")


def _safe(text: str) -> str:
    return one_line(redact(text))
