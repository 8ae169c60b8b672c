"""GitLab's code quality report.

It has one entry for each configuration that did not pass.
"""

from __future__ import annotations

import json

from allegiance.gate.formats._location import location
from allegiance.gate.ruling import GateReport
from allegiance.report.excerpt import one_line
from allegiance.stats.rates import show_rate
from allegiance.trace.digest import digest


def render(report: GateReport) -> str:
    """Return the document."""
    entries = []
    for ruling in report.rulings:
        if ruling.status == "pass":
            continue
        path, line = location(ruling, report.source)
        text = f"{ruling.key.label()}: {show_rate(ruling.rate)}: {ruling.reason}"
        entries.append(
            {
                "description": one_line(" ".join([text, *report.notes]), 1000),
                "check_name": f"allegiance/{ruling.key.behaviour.replace(' ', '-')}",
                "fingerprint": digest(ruling.key.model_dump(mode="json")),
                "severity": "critical" if ruling.status == "fail" else "minor",
                "location": {"path": path, "lines": {"begin": line}},
            }
        )
    return json.dumps(entries, indent=2) + "\n"
