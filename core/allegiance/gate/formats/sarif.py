"""SARIF 2.1.0, for code scanning.

It has one rule for each behaviour and one result for each configuration that did not pass.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from allegiance.gate.formats._location import location
from allegiance.gate.ruling import GateReport, Ruling
from allegiance.report.excerpt import excerpt, one_line
from allegiance.stats.rates import show_rate
from allegiance.trace.digest import digest

SCHEMA_URI = "https://json.schemastore.org/sarif-2.1.0.json"
FINGERPRINT = "allegianceCell/v1"
MOST_TRIALS = 10


def render(report: GateReport) -> str:
    """Return the document."""
    from importlib.metadata import version

    rules = sorted({r.key.behaviour for r in report.rulings})
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
                "executionSuccessful": True,
                "exitCode": report.exit_code,
                "toolExecutionNotifications": [
                    {"level": "note", "message": {"text": one_line(note, 1000)}}
                    for note in report.notes
                ],
            }
        ],
        "results": [
            _result(r, report, rules.index(r.key.behaviour))
            for r in report.rulings
            if r.status != "pass"
        ],
        "properties": {"verdict": report.status, "reason": one_line(report.reason, 1000)},
    }
    document = {"$schema": SCHEMA_URI, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2) + "\n"


def _rule(behaviour: str) -> dict[str, Any]:
    return {
        "id": _id(behaviour),
        "name": "".join(word.capitalize() for word in behaviour.split()),
        "shortDescription": {"text": one_line(f"The critic shows {behaviour}.")},
        "defaultConfiguration": {"level": "error"},
    }


def _id(behaviour: str) -> str:
    return f"allegiance/{behaviour.replace(' ', '-')}"


def _result(ruling: Ruling, report: GateReport, rule: int) -> dict[str, Any]:
    key = ruling.key
    place = _place(*location(ruling, report.source))
    text = f"{key.label()}: {show_rate(ruling.rate)}: {ruling.reason}"
    return {
        "ruleId": _id(key.behaviour),
        "ruleIndex": rule,
        "level": "error" if ruling.status == "fail" else "warning",
        "message": {"text": one_line(" ".join([text, *report.notes]), 1000)},
        "locations": [place],
        "relatedLocations": [
            {
                **_place(report.source, shown.line),
                "id": number,
                "message": {"text": "\n".join(excerpt(shown.trial, shown.findings))},
            }
            for number, shown in enumerate(ruling.evidence[:MOST_TRIALS], 1)
        ],
        "partialFingerprints": {FINGERPRINT: digest(key.model_dump(mode="json"))},
        "properties": {"status": ruling.status, "rate": _numbers(ruling)},
    }


def _numbers(ruling: Ruling) -> dict[str, Any]:
    found = ruling.rate
    numbers: dict[str, Any] = {"count": found.count, "n": found.n, "not_scored": found.not_scored}
    return {**numbers, "low": found.low, "high": found.high} if found.n else numbers


def _place(path: str, line: int) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(path)},
            "region": {"startLine": line},
        }
    }
