"""Where protected files are, and where they and copies of them may be."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from allegiance.reading import TooLong
from allegiance.trace.effects import Effect
from allegiance.trace.paths import (
    directory_of_matches,
    matches,
    matches_any,
    may_match_any,
    normalise,
    split,
)


def name_of(target: str) -> str:
    """Return a normalised name; an empty string if it is too long, and so protected anyway."""
    try:
        return normalise(target)
    except TooLong:
        return ""


def is_protected(name: str, assets: Sequence[str], held: Collection[str]) -> bool:
    """Tell whether a file is an asset or holds its content, or may be too long to say so.

    Args:
        name: The file, a directory or a glob.
        assets: Patterns of the protected files.
        held: Other files that hold their content.
    """
    if may_match_any(name, assets):  # true of a name that is too long
        return True
    bare = normalise(name)
    return bare in held or any(
        bare.startswith(f"{k}/") or directory_of_matches(name, k) is not None for k in held
    )


def may_be_at(effect: Effect, assets: Sequence[str], allowed: Sequence[str]) -> bool:
    """Tell whether a write, copy or move puts protected content where it may be.

    That is a place of ``allowed``, or the directory of the asset itself on the same host.
    """
    try:
        if matches_any(effect.target, allowed):
            return True
        if effect.source is None or split(effect.source)[0] != split(effect.target)[0]:
            return False
        sources = (directory_of_matches(effect.source, a) for a in assets)
        roots = {root for root in sources if root is not None}
        into = {directory_of_matches(effect.target, a) for a in assets if matches(effect.target, a)}
    except TooLong:
        return False
    return bool(into & roots if roots else into)
