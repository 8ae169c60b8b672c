"""The results of a scan as tables, text and JSON; secrets are masked in all of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from allegiance.report.excerpt import one_line
from allegiance.report.transcript import describe
from allegiance.scan.replay import Scanned
from allegiance.trace.events import Event
from allegiance.trace.redact import redact, redact_all
from allegiance.trace.visible import visible

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

STYLES = {"flagged": "bold red", "not_scored": "yellow", "unbound": "yellow", "clean": "green"}


def as_json(result: Scanned) -> str:
    """Return a result as one line of JSON, with the events that its findings cite."""
    data: dict[str, Any] = {
        "file": result.file,
        "conversation": result.name,
        "status": result.status,
        "calls": result.calls,
        "bound": result.bound,
        "unbound": dict(result.unbound),
        "coverage": result.coverage if result.calls else None,
        "findings": [f.model_dump(mode="json") for f in result.findings],
        "events": [e.model_dump(mode="json") for e in result.cut_down().events],
        "problems": list(result.problems),
        "notes": list(result.notes),
    }
    # only strings hold "#", and "##[" is a command for a CI runner
    return json.dumps(redact_all(data), default=str).replace("##", "\\u0023\\u0023")


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
    for result in results:
        share = f"{100 * result.coverage:.0f} %" if result.calls else "-"
        others = ", ".join(f"{tool} {count}" for tool, count in result.unbound.items())
        rows.add_row(
            Text("" if result.file == last else visible(result.file)),
            Text(visible(result.name)),
            Text(result.status, STYLES[result.status]),
            str(result.calls),
            str(result.bound),
            share,
            Text(visible(others)),
        )
        last = result.file
    return rows


def details(result: Scanned) -> Text | None:
    """Return the findings of a conversation with the events they cite, problems and notes.

    Returns:
        The text; None if there is nothing to report.
    """
    from rich.text import Text

    if not (result.findings or result.problems or result.notes):
        return None
    text = Text()
    text.append(f"{visible(result.file)}  {visible(result.name)}\n", "bold")
    events = {event.seq: event for event in result.events}
    shown: set[int] = set()
    for finding in result.findings:
        numbers = ", ".join(f"#{seq}" for seq in finding.seqs)
        text.append(f"  {finding.status:<9} ", STYLES["flagged"])
        text.append(
            f"{_safe(finding.reason)} ({finding.probe}, by {_safe(finding.actor)}, {numbers})\n"
        )
        for seq in finding.seqs:
            if seq not in shown:
                text.append(f"            {_event(events[seq])}\n", "dim")
                shown.add(seq)
    for problem in result.problems:
        text.append(
            "  not scored  " if not result.findings else "  problem   ", STYLES["not_scored"]
        )
        text.append(f"{_safe(problem)}\n")
    for note in result.notes:
        text.append(f"  note      {_safe(note)}\n", "dim")
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
