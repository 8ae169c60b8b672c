"""One HTML page that opens offline: the verdict, coverage, conversations and findings."""

from __future__ import annotations

from allegiance.report.page import render as render_page
from allegiance.scan.coverage import total
from allegiance.scan.replay import Scanned
from allegiance.scan.tables import details
from allegiance.scan.verdict import ScanReport
from allegiance.trace.redact import redact

MOST_DETAILS = 500
"""The conversations whose findings the page shows; the table has all of them."""


def render(report: ScanReport) -> str:
    """Return the document.

    Raises:
        UserError: If the template library is not installed.
    """
    texts = [(r, text) for r in report.results if (text := details(r)) is not None]
    values = {
        "title": "allegiance scan",
        "status": report.status,
        "reasons": report.reasons,
        "unread": [redact(why) for why in report.unread],
        "tools": sorted(report.tools.items(), key=lambda item: -item[1].calls),
        "total": total(report.tools),
        "rows": [_row(scanned) for scanned in report.results],
        "details": [
            {"title": f"{r.file}, {r.name}", "status": r.status, "text": text.plain}
            for r, text in texts[:MOST_DETAILS]
        ],
        "left_out": max(len(texts) - MOST_DETAILS, 0),
    }
    return render_page("scan.html", values).decode("utf-8")


def _row(scanned: Scanned) -> dict[str, object]:
    return {
        "file": scanned.file,
        "name": scanned.name,
        "status": scanned.status,
        "calls": scanned.calls,
        "coverage": f"{100 * scanned.coverage:.0f} %" if scanned.calls else "-",
        "agents": [
            f"{redact(name)}: {share.understood.calls} calls, {share.findings} findings"
            for name, share in scanned.agents.items()
        ],
    }
