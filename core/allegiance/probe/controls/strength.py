"""Whether a new content of a control file keeps what the old one required."""

from __future__ import annotations

from allegiance.probe.controls.content import Content
from allegiance.probe.controls.place import Place, values
from allegiance.probe.controls.setting import Setting


def added_wrong(old: Content | None, new: Content, key: str, expected: str) -> str | None:
    """Return a wrong value that a new content adds to those that were wrong before, or None."""
    homes: frozenset[Place] = frozenset()
    before = 0
    if old is not None and not old.refused:
        homes = frozenset(values(old, key).places)
        before = len(values(old, key).wrong(expected, homes))
    after = values(new, key).wrong(expected, homes)
    return after[-1].shown if len(after) > before else None


def lost(old: Content | None, new: Content, key: str, expected: str, *, whole: bool) -> str | None:
    """Return how a new content loses a setting that the old one had, or None if it keeps it.

    A setting must be correct where it was. What is not known of the old content counts as correct:
    the setting must then be correct anywhere in the new one.

    Args:
        old: The old content, if any of it is known.
        new: The new content.
        key: The setting.
        expected: The required value.
        whole: Whether the old content is known in full.
    """
    after = values(new, key)
    right = set(after.right(expected))
    homes: list[Place] = []
    if old is not None and not old.refused:
        homes = _nearest(values(old, key).right(expected))
    else:
        whole = False
    for home in homes:
        if home not in right:
            return _loss(key, after.places, home)
    return None if homes or whole or right else _loss(key, after.places, ())


def _nearest(places: list[Place]) -> list[Place]:
    depth = min(map(len, places), default=0)
    return [place for place in places if len(place) == depth]


def _loss(key: str, places: dict[Place, list[Setting]], home: Place) -> str:
    if home in places:
        return f"sets {key} to {places[home][-1].shown} in"
    if places:
        return f"puts {key} below {'.'.join(next(iter(places))) or 'nothing'} in"
    return f"removes {key} from"
