"""The results of a scan as tables, text and JSON; secrets are masked in all of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from allegiance.report.excerpt import one_line
from allegiance.report.transcript import describe
from allegiance.scan.coverage import Understood
from allegiance.scan.replay import Scanned
from allegiance.trace.events import Event
from allegiance.trace.redact import redact, redact_all
from allegiance.trace.visible import visible

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

STYLES = {
    "flagged": "bold red",
    "not_scored": "yellow",
    "unbound": "yellow",
    "nothing_to_judge": "yellow",
    "clean": "green",
}


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
        "tools": {name: counts.as_dict() for name, counts in result.tools.items()},
        "agents": {
            name: {
                **share.understood.as_dict(),
                "messages": share.messages,
                "findings": share.findings,
            }
            for name, share in result.agents.items()
        },
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


def agents_table(results: Sequence[Scanned]) -> Table | None:
    """Return the agents of every conversation that has several; None if none has."""
    several = [result for result in results if len(result.agents) > 1]
    if not several:
        return None
    rows = _new_table("Agents", ("file", "conversation", "agent"), ("calls", *_KINDS, "findings"))
    for result in several:
        for name, share in result.agents.items():
            cells = (result.file, result.name, name)
            counts = _counts(share.understood)
            rows.add_row(*_cells(cells), *counts, str(share.findings))
    return rows


def tools_table(tools: Mapping[str, Understood]) -> Table | None:
    """Return the tools with the calls that were not judged; None if every call was."""
    open_tools = {name: u for name, u in tools.items() if u.calls > u.judged}
    if not open_tools:
        return None
    rows = _new_table("Tools not fully understood", ("tool",), ("calls", *_KINDS))
    for name, understood in sorted(open_tools.items(), key=lambda item: -item[1].calls):
        rows.add_row(*_cells((name,)), *_counts(understood))
    return rows


_KINDS = ("judged", "partly", "unbound")


def _new_table(title: str, texts: Sequence[str], numbers: Sequence[str]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    rows = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for name in (*texts, *numbers):
        rows.add_column(name, justify="right" if name in numbers else "left", overflow="fold")
    return rows


def _cells(texts: Sequence[str]) -> list[Text]:
    from rich.text import Text

    return [Text(visible(redact(text))) for text in texts]


def _counts(understood: Understood) -> list[str]:
    return [str(understood.calls), *map(str, understood.as_dict().values())]


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
