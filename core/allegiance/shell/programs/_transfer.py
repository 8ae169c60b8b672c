"""Copies and moves: the one way in which handlers say that content goes somewhere."""

from __future__ import annotations

from collections.abc import Iterable

from allegiance.shell.machine import Call
from allegiance.shell.state import Word
from allegiance.shell.targets import landings, remote
from allegiance.trace.effects import Verb


def named(call: Call, word: Word, *, deep: bool = False) -> str:
    """Return the target that a word names, on another machine or in a store perhaps."""
    return remote(word.text) or (call.shell.tree(word.text) if deep else call.shell.path(word.text))


def origins(call: Call, word: Word, *, deep: bool = False, far: bool = False) -> tuple[str, ...]:
    """Return the sources that a word names; ``far`` allows other machines and stores."""
    if far and word.stream is None and (found := remote(word.text)):
        return (found.rstrip("/") + "/" if deep and not found.endswith(":") else found,)
    return call.sources(word, deep=deep)


def send(
    call: Call,
    sources: Iterable[str],
    target: str,
    *,
    verb: Verb = "copy",
    many: bool = False,
    deep: bool = False,
    whole: bool = False,
) -> None:
    """Note that sources go to a target.

    Args:
        call: The command.
        sources: What goes.
        target: Where to.
        verb: ``copy`` or ``move``.
        many: Whether the target must be a directory.
        deep: Whether directories go with all that is in them.
        whole: Whether the target is the very name, never a directory that things go into.
    """
    origins = list(sources)
    for source in origins:
        places = (
            [target]
            if whole
            else landings(source, target, many=many or len(origins) > 1, deep=deep)
        )
        for place in places:
            call.shell.emit(verb, place, source)
