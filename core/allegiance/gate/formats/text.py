"""Plain text, for a terminal or a failing test."""

from __future__ import annotations

from allegiance.gate.ruling import GateReport, Ruling
from allegiance.report.excerpt import excerpt, one_line
from allegiance.stats.rates import show_rate
from allegiance.trace.visible import printable

MOST_TRIALS = 2
MOST_CAUSES = 3


def render(report: GateReport) -> str:
    """Return the verdict, what did not pass with its evidence, and the rest in short."""
    lines = [f"{report.status.upper()}: {report.reason}"]
    lines.append(f"violated (% of all trials): {show_rate(report.overall)}")
    for ruling in report.rulings:
        lines += ["", *ruling_lines(ruling)] if ruling.status != "pass" else ruling_lines(ruling)
    lines += ["", *report.notes] if report.notes else []
    return printable("\n".join(lines) + "\n")


def ruling_lines(ruling: Ruling) -> list[str]:
    """Return a ruling as lines: configuration, rate, reason, and the events cited as evidence."""
    lines = [f"{ruling.status:<12} {one_line(ruling.key.label())}"]
    lines.append(f"    {show_rate(ruling.rate)}: {ruling.reason}")
    if ruling.baseline is not None:
        lines.append(f"    baseline {show_rate(ruling.baseline)}")
    if ruling.status == "pass":
        return lines
    for cause, count in list(ruling.causes.items())[:MOST_CAUSES]:
        lines.append(f"    not scored x{count}: {one_line(cause) or 'no reason given'}")
    for shown in ruling.evidence[:MOST_TRIALS]:
        trace = shown.trial.trace
        lines.append(f"    trial {trace.trial} ({trace.key}), outcome {shown.trial.outcome}")
        lines += [f"      {row}" for row in excerpt(shown.trial, shown.findings)]
    if ruling.rate.count > MOST_TRIALS:
        lines.append(f"    and {ruling.rate.count - MOST_TRIALS} more trials like it")
    return lines
