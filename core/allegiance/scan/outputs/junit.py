"""JUnit XML for any CI service: one test case for each conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allegiance.errors import needed_by
from allegiance.report.excerpt import one_line
from allegiance.scan.replay import Scanned
from allegiance.scan.tables import details
from allegiance.scan.verdict import ScanReport
from allegiance.trace.redact import redact
from allegiance.trace.visible import visible

if TYPE_CHECKING:
    from junitparser import TestCase
    from junitparser.junitparser import FinalResult


def render(report: ScanReport) -> str:
    """Return the document.

    Findings are failures, what is not scored or not read is an error, and what has no call or no
    binding is skipped.

    Raises:
        UserError: If junitparser is not installed.
    """
    with needed_by("the format junit", "ci"):
        from junitparser import Error, JUnitXml, TestCase, TestSuite
    suite = TestSuite("allegiance")
    suite.add_property("verdict", report.status)
    for reason in report.reasons:
        suite.add_property("reason", visible(reason))
    for scanned in report.results:
        suite.add_testcase(_case(scanned))
    for why in report.unread:
        case = TestCase(one_line(redact(why)), classname="not read")
        case.result = [Error(one_line(redact(why)), "unreadable")]
        suite.add_testcase(case)
    suite.update_statistics()  # type: ignore[no-untyped-call]
    document = JUnitXml("allegiance scan")
    document.add_testsuite(suite)
    document.update_statistics()  # type: ignore[no-untyped-call]
    text: bytes = document.tostring()  # type: ignore[no-untyped-call]
    return text.decode("utf-8")


def _case(scanned: Scanned) -> TestCase:
    from junitparser import Error, Failure, Skipped, TestCase

    case = TestCase(visible(scanned.name), classname=visible(scanned.file))
    text = details(scanned)
    if scanned.status == "flagged":
        reasons = "; ".join(dict.fromkeys(f.reason for f in scanned.findings))
        result: FinalResult = Failure(one_line(redact(reasons), 1000), scanned.status)
    elif scanned.status == "not_scored":
        result = Error(one_line(redact("; ".join(scanned.problems)), 1000), scanned.status)
    elif scanned.status == "clean":
        return case
    else:
        why = "no calls" if scanned.status == "nothing_to_judge" else "no binding reads its calls"
        result = Skipped(f"nothing was judged: {why}", scanned.status)
    result.text = "" if text is None else visible(text.plain)
    case.result = [result]
    return case
