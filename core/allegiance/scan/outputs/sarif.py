"""SARIF 2.1.0 for code scanning: one rule for each behaviour, one result for each finding."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

from allegiance.gate.formats._location import relative
from allegiance.gate.formats.sarif import SCHEMA_URI
from allegiance.reading import reads_text
from allegiance.report.excerpt import one_line
from allegiance.scan.replay import Scanned
from allegiance.scan.verdict import ScanReport
from allegiance.trace.digest import digest
from allegiance.trace.events import Finding
from allegiance.trace.redact import redact

FINGERPRINT = "allegianceScan/v1"
NOT_SCORED = "not scored"
"""The rule of a conversation that was not scored."""


def render(report: ScanReport) -> str:
    """Return the document."""
    from importlib.metadata import version

    behaviours = sorted({f.behaviour for r in report.results for f in r.findings})
    rules = [*behaviours, NOT_SCORED]
    results = [
        result
        for scanned in report.results
        for result in (*_findings(scanned, rules), *_not_scored(scanned, rules))
    ]
    run = {
        "tool": {
            "driver": {
                "name": "allegiance",
                "version": version("allegiance"),
                "rules": [_rule(name) for name in rules],
            }
        },
        "invocations": [
            {
                "executionSuccessful": not report.unread,
                "exitCode": report.exit_code,
                "toolExecutionNotifications": [
                    {"level": "error", "message": {"text": _text(f"not read: {why}")}}
                    for why in report.unread
                ],
            }
        ],
        "results": results,
        "properties": {
            "verdict": report.status,
            "reason": _text(" ".join(report.reasons)),
            "understood": {_text(k): v.as_dict() for k, v in report.tools.items()},
        },
    }
    document = {"$schema": SCHEMA_URI, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2) + "\n"


@reads_text("line ", "1", " ", limit=None)
def line_of(name: str) -> int:
    """Return the line that the name of a conversation states; 1 without a line."""
    match = re.match(r"line (\d{1,9})\b", name)
    return int(match[1]) if match else 1


def _rule(name: str) -> dict[str, Any]:
    failed = name != NOT_SCORED
    text = f"An agent shows {name}." if failed else "A conversation was not scored."
    return {
        "id": _id(name),
        "name": "".join(word.capitalize() for word in name.split()),
        "shortDescription": {"text": _text(text)},
        "defaultConfiguration": {"level": "error" if failed else "warning"},
    }


def _id(name: str) -> str:
    return f"allegiance/{name.replace(' ', '-')}"


def _findings(scanned: Scanned, rules: list[str]) -> list[dict[str, Any]]:
    return [
        {
            "ruleId": _id(finding.behaviour),
            "ruleIndex": rules.index(finding.behaviour),
            "level": "error",
            "message": {"text": _text(_sentence(scanned, finding))},
            "locations": [_place(scanned)],
            "partialFingerprints": {
                FINGERPRINT: digest([scanned.name, finding.model_dump(mode="json")])
            },
            "properties": {
                "agent": _text(finding.actor),
                "status": finding.status,
                "events": list(finding.seqs),
                "conversation": _text(scanned.name),
            },
        }
        for finding in scanned.findings
    ]


def _not_scored(scanned: Scanned, rules: list[str]) -> list[dict[str, Any]]:
    if scanned.status != "not_scored":
        return []
    return [
        {
            "ruleId": _id(NOT_SCORED),
            "ruleIndex": rules.index(NOT_SCORED),
            "level": "warning",
            "message": {"text": _text(f"{scanned.name}: {'; '.join(scanned.problems)}")},
            "locations": [_place(scanned)],
            "partialFingerprints": {FINGERPRINT: digest([scanned.name, scanned.status])},
        }
    ]


def _sentence(scanned: Scanned, finding: Finding) -> str:
    return f"{scanned.name}: {finding.actor} {finding.reason} ({finding.status})"


def _place(scanned: Scanned) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(relative(scanned.file))},
            "region": {"startLine": max(line_of(scanned.name), 1)},
        }
    }


def _text(text: str) -> str:
    return one_line(redact(text), 1000)
