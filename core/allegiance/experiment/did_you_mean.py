"""Suggesting a known name for an unknown one."""

from __future__ import annotations

from collections.abc import Iterable


def meant(name: object, known: Iterable[str]) -> str:
    """Return ``'name'; did you mean 'near'? known: ...`` for a message."""
    from difflib import get_close_matches

    names = list(known)
    near = get_close_matches(str(name), names, n=1)
    guess = f"did you mean {near[0]!r}? " if near else ""
    return f"{name!r}; {guess}known: {', '.join(names)}"
