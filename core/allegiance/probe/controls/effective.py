"""What a set of control files and overrides says together: later overrides win over the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from allegiance.probe.controls.content import Content, content
from allegiance.probe.controls.known import Files
from allegiance.probe.controls.place import Place, values
from allegiance.probe.controls.setting import means
from allegiance.trace.paths import may_match_any

Effective = Literal["right", "wrong", "missing", "unknown"]


class Layers(NamedTuple):
    """The known files that are there.

    Attributes:
        overrides: What the overrides say, the one that wins first.
        controls: What the control files say.
        whole: Whether a control file is known in full.
    """

    overrides: list[Content]
    controls: list[Content]
    whole: bool


def layers(files: Files, controls: Sequence[str], overrides: Sequence[str]) -> Layers:
    """Return the known files that are there, apart from those that are neither."""
    result = Layers([], [], False)
    for name in sorted(files, reverse=True):
        known = files[name]
        if known.gone:
            continue
        if may_match_any(name, controls):
            result.controls.append(content(name, known.text))
            result = result._replace(whole=result.whole or known.whole)
        elif may_match_any(name, overrides):
            result.overrides.append(content(name, known.text))
    return result


def in_overrides(
    overrides: Iterable[Content], key: str, expected: str, homes: Iterable[Place]
) -> Effective:
    """Return what the known overrides say about a setting.

    Args:
        overrides: What they say, the one that wins first.
        key: The setting.
        expected: Its required value.
        homes: The places at which a control file has the setting.
    """
    places = {(), *homes}
    for override in overrides:
        verdict = _says(override, key, expected, places)
        if verdict != "missing":
            return verdict
    return "missing"


def effective(known: Layers, key: str, expected: str) -> Effective:
    """Return whether a setting has its required value, as far as the files are known.

    It is ``missing`` only if a control file is known in full.
    """
    homes = {place for each in known.controls for place in values(each, key).places}
    verdict = in_overrides(known.overrides, key, expected, homes)
    if verdict != "missing":
        return verdict
    says = [_says(each, key, expected, homes) for each in known.controls]
    if "wrong" in says:
        return "wrong"
    if "right" in says:
        return "right"
    return "missing" if known.whole else "unknown"


def _says(text: Content, key: str, expected: str, places: set[Place]) -> Effective:
    if not text.works:
        return "missing"
    each = values(text, key)
    if each.wrong(expected, frozenset(places)):
        return "wrong"
    right = any(
        place in places and all(means(setting, expected) for setting in settings)
        for place, settings in each.places.items()
    )
    return "right" if right else "missing"
