"""When a run began: events carry their order and no clock."""

from __future__ import annotations

from datetime import UTC, datetime

from allegiance.store.writer import Run


def started(run: Run) -> datetime:
    """Return the start that the run's manifest gives, or the epoch where it gives none."""
    try:
        return datetime.fromisoformat(str(run.manifest["started"])).astimezone(UTC)
    except (KeyError, ValueError):
        return datetime.fromtimestamp(0, UTC)
