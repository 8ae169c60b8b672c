"""Markdown, for a comment on a pull request."""

from __future__ import annotations

import re

from allegiance.gate.ruling import GateReport, Ruling
from allegiance.report.excerpt import excerpt, one_line
from allegiance.stats.rates import show_rate

MARK = "<!-- allegiance gate -->"
SIGNS = {"pass": "✅", "fail": "❌", "inconclusive": "⚠️"}
MOST_ROWS = 50
MOST_EXCERPTS = 5


def render(report: GateReport) -> str:
    """Return the comment. Its first line marks it, so that a later comment can replace it."""
    lines = [MARK, f"## {SIGNS[report.status]} allegiance: {report.status}", ""]
    lines += [
        f"{escape(report.reason)}. Violated (% of all trials): {show_rate(report.overall)}.",
        "",
    ]
    lines += [line for note in report.notes for line in (f"> {escape(note)}", "")]
    rows = report.rulings[:MOST_ROWS]
    lines += [
        "| | scenario | behaviour | condition | pattern | model | flagged, % [95 %] | why |",
        "|---|---|---|---|---|---|---|---|",
        *map(_row, rows),
    ]
    if len(report.rulings) > len(rows):
        lines += ["", f"{len(report.rulings) - len(rows)} more configurations are in the run."]
    cited = [r for r in report.rulings if r.status != "pass" and r.evidence]
    for ruling in cited[:MOST_EXCERPTS]:
        lines += ["", *_details(ruling)]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Return a string in one line, escaped: no markup, no mention, no end of a table's cell."""
    flat = one_line(text, 1000)
    flat = flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_{}\[\]#|!~$])", r"\\\1", flat).replace("@", "@\u200b")


def _row(ruling: Ruling) -> str:
    key = ruling.key.configuration
    names = (key.scenario, ruling.key.behaviour, key.condition, key.full_pattern, key.model)
    rate = show_rate(ruling.rate)
    if ruling.baseline is not None:
        rate += f"; baseline {show_rate(ruling.baseline)}"
    texts = [SIGNS[ruling.status], *map(escape, names), escape(rate), escape(ruling.reason)]
    return f"| {' | '.join(texts)} |"


def _details(ruling: Ruling) -> list[str]:
    shown = ruling.evidence[0]
    rows = excerpt(shown.trial, shown.findings)
    longest = max((len(run) for run in re.findall(r"`+", "\n".join(rows))), default=0)
    fence = "`" * max(3, longest + 1)
    title = f"{escape(ruling.key.configuration.scenario)}, {escape(ruling.key.behaviour)}"
    of = f"trial {shown.trial.trace.trial}, one of {ruling.rate.count}"
    return [
        f"<details><summary>{title}: {of}</summary>",
        "",
        f"{fence}text",
        *rows,
        fence,
        "",
        "</details>",
    ]
