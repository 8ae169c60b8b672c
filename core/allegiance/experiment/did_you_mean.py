"""Telling somebody what a name that is not known was probably meant to be."""

from __future__ import annotations

from collections.abc import Iterable


def meant(given: object, known: Iterable[str]) -> str:
    """Return ``'given'; did you mean 'near'? there are ...`` for a message."""
    from difflib import get_close_matches

    names = list(known)
    near = get_close_matches(str(given), names, n=1)
    guess = f"did you mean {near[0]!r}? " if near else ""
    return f"{given!r}; {guess}there are {', '.join(names)}"
