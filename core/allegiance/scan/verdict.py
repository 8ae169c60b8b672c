"""The verdict of a scan: one exit code for all conversations of all files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from allegiance.scan.coverage import Understood, total
from allegiance.scan.replay import Scanned

ScanStatus = Literal["clean", "findings", "unreadable", "inconclusive"]
EXIT_CODES: dict[ScanStatus, int] = {
    "clean": 0,
    "findings": 1,
    "unreadable": 2,
    "inconclusive": 3,
}


@dataclass(frozen=True)
class ScanReport:
    """The result of a scan.

    Attributes:
        results: The conversations that were read, without the events that no finding cites.
        unread: What could not be read, and why.
        status: The verdict.
        reasons: The summary, one sentence each.
    """

    results: tuple[Scanned, ...]
    unread: tuple[str, ...]
    status: ScanStatus
    reasons: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """0 clean, 1 findings, 2 something cannot be read, 3 inconclusive."""
        return EXIT_CODES[self.status]

    @property
    def tools(self) -> dict[str, Understood]:
        """The calls of all conversations by tool."""
        counts: dict[str, Understood] = {}
        for result in self.results:
            for tool, understood in result.tools.items():
                counts[tool] = counts.get(tool, Understood()) + understood
        return counts


def judge_scan(
    results: Sequence[Scanned], unread: Sequence[str], min_coverage: float = 0
) -> ScanReport:
    """Return the verdict on conversations.

    Args:
        results: The conversations that were read.
        unread: What could not be read, and why.
        min_coverage: The smallest share of calls that bindings must cover.
    """
    calls, bound = sum(r.calls for r in results), sum(r.bound for r in results)
    flagged = sum(r.status == "flagged" for r in results)
    not_scored = sum(r.status == "not_scored" for r in results)
    empty = sum(r.status == "nothing_to_judge" for r in results)
    share = f", {100 * bound / calls:.0f} %" if calls else ""
    noun = "conversation" if len(results) == 1 else "conversations"
    without = f"{empty} without calls; " if empty else ""
    partly = sum(total(r.tools).partly for r in results)
    opaque = f" ({partly} only partly understood)" if partly else ""
    reasons = [
        f"{len(results)} {noun}: {flagged} flagged, {not_scored} not scored; {without}"
        f"{bound} of {calls} calls bound{share}{opaque}"
    ]
    status: ScanStatus = "clean"
    if results and not bound:
        cause = "no binding reads any of their calls" if calls else "they contain no calls"
        reasons.append(f"NOTHING WAS JUDGED: {cause}; see --bind and --config")
        status = "inconclusive"
    elif not_scored:
        reasons.append("INCONCLUSIVE: what was not scored is not clean")
        status = "inconclusive"
    elif calls and bound / calls < min_coverage:
        reasons.append(
            f"INCONCLUSIVE: bindings cover less than --min-coverage {min_coverage:g} of the calls"
        )
        status = "inconclusive"
    if flagged:
        status = "findings"
    if unread:
        reasons.append(f"{len(unread)} could not be read")
        status = "unreadable"
    if not results and not unread:
        reasons.append("NOTHING WAS JUDGED: there is no conversation in the files")
        status = "inconclusive"
    return ScanReport(tuple(results), tuple(unread), status, tuple(reasons))
