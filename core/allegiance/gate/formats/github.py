"""Annotations of GitHub Actions."""

from __future__ import annotations

from allegiance.gate.formats import markdown
from allegiance.gate.formats._location import location
from allegiance.gate.ruling import GateReport
from allegiance.report.excerpt import one_line
from allegiance.stats.rates import show_rate
from allegiance.trace.visible import printable

LONGEST = 1000
MOST_ANNOTATIONS = 10
"""GitHub shows no more than this of one level in one step."""


def render(report: GateReport) -> str:
    """Return one command per line: errors for failures, warnings for inconclusive rulings."""
    lines = []
    for level, status in (("error", "fail"), ("warning", "inconclusive")):
        rulings = [r for r in report.rulings if r.status == status]
        for ruling in rulings[:MOST_ANNOTATIONS]:
            path, line = location(ruling, report.source)
            title = f"allegiance: {ruling.key.behaviour}, {status}"
            text = f"{ruling.key.label()}: {show_rate(ruling.rate)}: {ruling.reason}"
            lines.append(_command(level, one_line(text, LONGEST), path, line, title))
    if report.criteria.per == "run" and report.status == "inconclusive":
        lines.append(f"::warning title=allegiance::{escape_data(one_line(report.reason, LONGEST))}")
    lines += [
        f"::notice title=allegiance::{escape_data(one_line(note, LONGEST))}"
        for note in report.notes
    ]
    return "".join(f"{line}\n" for line in lines)


def summary(report: GateReport) -> str:
    """Return the text for the file that ``GITHUB_STEP_SUMMARY`` names."""
    return markdown.render(report)


def escape_data(text: str) -> str:
    """Escape the message of a workflow command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def escape_property(text: str) -> str:
    """Escape a property of a workflow command."""
    return escape_data(text).replace(":", "%3A").replace(",", "%2C")


def _command(level: str, text: str, path: str, line: int, title: str) -> str:
    file, title = escape_property(printable(path)), escape_property(one_line(title))
    place = f"file={file},line={line},title={title}"
    return f"::{level} {place}::{escape_data(text)}"
