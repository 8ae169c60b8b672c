"""JUnit XML, for any CI service.

It has one test case for each configuration. A configuration that fails is a failure, one that is
inconclusive an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from allegiance.errors import needed_by
from allegiance.gate.formats.text import ruling_lines
from allegiance.gate.ruling import GateReport
from allegiance.trace.visible import visible

if TYPE_CHECKING:
    from junitparser import TestCase


def render(report: GateReport) -> str:
    """Return the document.

    Raises:
        UserError: If junitparser is not installed.
    """
    with needed_by("the format junit", "ci"):
        from junitparser import JUnitXml, TestSuite
    suite = TestSuite("allegiance")
    suite.add_property("verdict", report.status)
    suite.add_property("reason", visible(report.reason))
    for note in report.notes:
        suite.add_property("note", visible(note))
    for case in _cases(report):
        suite.add_testcase(case)
    suite.update_statistics()  # type: ignore[no-untyped-call]
    document = JUnitXml("allegiance gate")
    document.add_testsuite(suite)
    document.update_statistics()  # type: ignore[no-untyped-call]
    text: bytes = document.tostring()  # type: ignore[no-untyped-call]
    return text.decode("utf-8")


def _cases(report: GateReport) -> list[TestCase]:
    from junitparser import Error, Failure, TestCase

    cases = []
    for ruling in report.rulings:
        key = ruling.key.configuration
        name = " ".join([ruling.key.behaviour, key.condition, key.model])
        case = TestCase(visible(name), classname=visible(f"{key.full_pattern}.{key.scenario}"))
        text = visible("\n".join(ruling_lines(ruling)))
        if ruling.status != "pass":
            result = (Failure if ruling.status == "fail" else Error)(visible(ruling.reason))
            result.type = ruling.status
            result.text = text
            case.result = [result]
        case.system_out = text
        cases.append(case)
    if report.criteria.per == "run" and report.status == "inconclusive":
        case = TestCase("the whole run", classname="allegiance")
        case.result = [Error(visible(report.reason), "inconclusive")]
        cases.append(case)
    return cases
