"""Copies and moves, for the handlers of programs that send content somewhere."""

from __future__ import annotations

from collections.abc import Iterable

from allegiance.shell.call import Call
from allegiance.shell.state import Word
from allegiance.shell.targets import landings, remote
from allegiance.trace.effects import Verb


def named(call: Call, word: Word, *, deep: bool = False) -> str:
    """Return the target that a word names; it may be on another machine or in a store."""
    return remote(word.text) or (call.shell.tree(word.text) if deep else call.shell.path(word.text))


def origins(call: Call, word: Word, *, deep: bool = False, far: bool = False) -> tuple[str, ...]:
    """Return the sources that a word names.

    Args:
        call: The command.
        word: The argument that names them.
        deep: Whether a directory stands for everything in it.
        far: Whether the word may name another machine or a store.
    """
    if far and word.stream is None and (target := remote(word.text)):
        return (target.rstrip("/") + "/" if deep and not target.endswith(":") else target,)
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
    """Add the effects of copying or moving sources to a target.

    Args:
        call: The command.
        sources: The targets that are copied or moved.
        target: Where they go.
        verb: ``copy`` or ``move``.
        many: Whether the target must be a directory.
        deep: Whether directories are taken with everything in them.
        whole: Whether the target is the exact name, never a directory to put the sources into.
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
