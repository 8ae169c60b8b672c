"""Dates of the simulated world: its clock, and the forms in which programs show a date."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from allegiance.reading import reads_text
from allegiance.world.state import World

_HALF_YEAR = timedelta(days=182)


@reads_text("2026-03-02", "-", ":", "1", limit=None)
def moment(text: str) -> datetime:
    """Return the time that a date of the world stands for."""
    try:
        value = datetime.fromisoformat(text[:40])
    except ValueError:
        return datetime(1970, 1, 1, tzinfo=UTC)
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def now(world: World) -> datetime:
    """Return the time in the world: its date, and a clock that goes on with each change."""
    return moment(world.today) + timedelta(hours=9, seconds=37 * world.clock)


def listed(text: str, world: World) -> str:
    """Return a date as ``ls -l`` shows it."""
    value, today = moment(text), now(world)
    day = f"{value:%b} {value.day:2}"
    if today - _HALF_YEAR < value <= today:
        return f"{day} {value:%H:%M}"
    return f"{day}  {value.year}"
