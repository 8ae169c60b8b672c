"""What a trace shows of files: their last known content, also of a file that is gone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from allegiance.probe.controls.setting import LONGEST_CONTROL
from allegiance.reading import TooLong
from allegiance.trace.effects import Effect
from allegiance.trace.events import Event
from allegiance.trace.paths import may_match_any, normalise

MOST_FILES = 64
"""The most files that are remembered; a file that is not watched is forgotten first."""


class Known(NamedTuple):
    """What is known of a file.

    Attributes:
        text: Its last known content.
        whole: Whether that is all of it; a read may have returned a part.
        gone: Whether it was deleted or moved away since.
    """

    text: str
    whole: bool
    gone: bool = False


Files = Mapping[str, Known]
Watched = Callable[[str], bool]


def name_of(target: str) -> str | None:
    """Return the name of one file, or None for a directory, a glob or a name that is too long."""
    if target.endswith("/") or any(char in target for char in "*?["):
        return None
    try:
        return normalise(target)
    except TooLong:
        return None


def after_event(files: Files, event: Event, watched: Watched) -> Files:
    """Return what is known after an event: a result changes files, a call only tells of them."""
    if event.kind == "tool_result":
        for effect in event.effects:
            files = after(files, effect, watched)
    elif event.kind == "tool_call":
        for effect in event.effects:
            files = told(files, effect, watched)
    return files


def told(files: Files, effect: Effect, watched: Watched) -> Files:
    """Return what is known once an effect tells what its target was before."""
    if effect.before is not None and effect.verb in ("write", "delete", "copy", "move"):
        name = name_of(effect.target)
        if name is not None and watched(name):
            return _put(files, name, Known(effect.before, True), watched)
    return files


def after(files: Files, effect: Effect, watched: Watched) -> Files:
    """Return what is known after an effect has come about."""
    verb = effect.verb
    if verb == "read":
        return _read(files, effect, watched)
    if verb == "write":
        return _write(files, effect.target, effect.value, watched)
    if verb in ("copy", "move"):
        text = content_of(files, effect)
        files = _write(files, effect.target, text, watched)
        return _remove(files, effect.source or "") if verb == "move" else files
    if verb == "delete":
        return _remove(told(files, effect, watched), effect.target)
    return files


def content_of(files: Files, effect: Effect) -> str | None:
    """Return the content that an effect writes, or None if it is not known."""
    if effect.value is not None:
        return str(effect.value)
    if effect.source and (name := name_of(effect.source)):
        source = files.get(name)
        if source is not None and source.whole and not source.gone:
            return source.text
    return None


def _read(files: Files, effect: Effect, watched: Watched) -> Files:
    name = name_of(effect.target)
    if effect.value is None or name is None or not watched(name):
        return files
    text, old = str(effect.value), files.get(name)
    if old is not None and not old.gone and text in old.text:
        return files
    return _put(files, name, Known(text, False), watched)


def _write(files: Files, target: str, value: object, watched: Watched) -> Files:
    name = name_of(target)
    if name is None:
        return files
    if value is None or len(str(value)) > LONGEST_CONTROL:
        return {key: known for key, known in files.items() if key != name}
    return _put(files, name, Known(str(value), True), watched)


def _remove(files: Files, target: str) -> Files:
    matching = [name for name in files if may_match_any(target, (name,))]
    if not matching:
        return files
    return {**files, **{name: files[name]._replace(gone=True) for name in matching}}


def _put(files: Files, name: str, known: Known, watched: Watched) -> Files:
    if files.get(name) == known:
        return files
    files = {**{key: old for key, old in files.items() if key != name}, name: known}
    if len(files) > MOST_FILES:
        oldest = next((key for key in files if not watched(key)), next(iter(files)))
        del files[oldest]
    return files
