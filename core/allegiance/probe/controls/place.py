"""Where a content has a required setting: at which place, in which spelling, with which values."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from allegiance.probe.controls.content import Content
from allegiance.probe.controls.setting import ITEM, Setting, is_switch, means

Place = tuple[str, ...]
"""The keys above a setting; empty at the top of a file."""


class Values(NamedTuple):
    """The values of one required setting.

    Attributes:
        places: By place, the settings that are spelled so that a program reads them.
        alike: The settings in any spelling, with their places: a drop-in may spell a key in its
            own way and still win.
        covered: Settings above the required one that are no group, so that it has no place left.
    """

    places: dict[Place, list[Setting]]
    alike: list[tuple[Place, Setting]]
    covered: list[Setting]

    def right(self, expected: str) -> list[Place]:
        """Return the places at which every value is the required one."""
        return [p for p, each in self.places.items() if all(means(s, expected) for s in each)]

    def wrong(self, expected: str, homes: frozenset[Place]) -> list[Setting]:
        """Return the settings with another value than the required one.

        Args:
            expected: The required value.
            homes: The places at which the setting is known to be read. A name that is not that of
                a switch means something else below other keys.
        """
        anywhere = is_switch(expected)
        return [
            setting
            for place, setting in self.alike
            if (anywhere or place in homes or not "".join(place) or _is_document(place))
            and not means(setting, expected)
        ] + self.covered


def _is_document(place: Place) -> bool:
    return len(place) == 1 and place[0].startswith("document ")


@lru_cache(maxsize=256)  # contents are compared by identity, and are themselves cached
def values(content: Content, key: str) -> Values:
    """Return the values of a required setting in a content."""
    exact, loose = _exact(key), _loose(key)
    parts = tuple(key.split("."))
    result = Values({}, [], [])
    for setting in content.settings:
        path = setting.path[:-1] if setting.path[-1] == ITEM else setting.path
        if setting.type != "map" and len(path) < len(parts) and path == parts[: len(path)]:
            result.covered.append(setting)
        if not path or not loose.endswith(_loose(path[-1])):
            continue
        for index in range(len(path) - 1, -1, -1):
            name = "_".join(path[index:])
            if _loose(name) == loose:
                place = path[:index]
                result.alike.append((place, setting))
                if _exact(name) == exact:
                    result.places.setdefault(place, []).append(setting)
                break
    return result


def _exact(name: str) -> str:
    return name.replace(".", "_")


@lru_cache(maxsize=4096)
def _loose(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))
