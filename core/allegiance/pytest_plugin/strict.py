"""Whether a check that cannot be made fails, and what the summary says of checks."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

NOT_CHECKED = "allegiance: not checked: "
"""How the reason of a skipped check begins."""


EXERCISED = "allegiance exercised"
"""The property of a test's report that says what was exercised."""


def is_strict(config: pytest.Config) -> bool:
    """Tell whether a missing model or key is a failure: by the option, else if ``CI`` is true."""
    option: bool | None = config.getoption("--allegiance-strict")
    if option is not None:
        return option
    return os.environ.get("CI", "").strip().casefold() in ("true", "1", "yes", "on")


def summary(skipped: Iterable[Any]) -> Iterator[str]:
    """Yield a line for each reason for which checks were skipped.

    Args:
        skipped: The reports of skipped tests.
    """
    reasons: Counter[str] = Counter()
    for report in skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        if NOT_CHECKED in reason:
            reasons[reason.partition(NOT_CHECKED)[2]] += 1
    for reason, count in reasons.items():
        noun = "check was" if count == 1 else "checks were"
        yield f"allegiance: {count} {noun} not made: {reason}"


def exercised(reports: Iterable[Any]) -> Iterator[str]:
    """Yield a line for each app that was exercised, once for all tests of it.

    Args:
        reports: The reports of tests that passed or failed.
    """
    properties = [p for report in reports for p in getattr(report, "user_properties", ())]
    for line in dict.fromkeys(line for name, line in properties if name == EXERCISED):
        yield f"allegiance: {line}"
