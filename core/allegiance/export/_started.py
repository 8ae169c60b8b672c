"""The start time of a run; events have an order and no clock."""

from __future__ import annotations

from datetime import UTC, datetime

from allegiance.store.writer import Run


def started(run: Run) -> datetime:
    """Return the start time in the run's manifest, or the Unix epoch if it has none."""
    try:
        return datetime.fromisoformat(str(run.manifest["started"])).astimezone(UTC)
    except (KeyError, ValueError, OverflowError):
        return datetime.fromtimestamp(0, UTC)
