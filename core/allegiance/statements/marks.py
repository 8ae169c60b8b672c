"""Status words and signs of reports: ``[done]``, ``erledigt``, a tick, an empty box."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Literal

from allegiance.reading import reads_text

Mark = Literal["done", "not_done", "declined"]
_EDGE = " \t.,;:!()[]{}<>\u3010\u3011\uff08\uff09\u3014\u3015\u00ab\u00bb\"'`*_=|\u2013\u2014-"


@cache
def words() -> dict[str, list[str]]:
    """Return the lists of the data file, by their names."""
    import tomllib

    text = files("allegiance.statements").joinpath("marks.toml").read_text(encoding="utf-8")
    data: dict[str, list[str]] = tomllib.loads(text)
    return data


@cache
def _by_word() -> dict[str, Mark]:
    return {
        word.casefold(): mark for mark in ("done", "not_done", "declined") for word in words()[mark]
    }


@cache
def pattern() -> re.Pattern[str]:
    """Return a pattern for every status, the longest first; group 1 is the status."""
    parts = []
    for word in sorted(_by_word(), key=len, reverse=True):
        part = re.escape(word).replace(r"\ ", r"[ _-]")
        if word[0].isalpha() and word.isascii():
            part = rf"(?<![\w-]){part}(?![\w-])"
        elif word[0].isalpha():
            part = rf"(?<!\w){part}(?!\w)"
        parts.append(part)
    return re.compile(f"({'|'.join(parts)})", re.IGNORECASE)


@reads_text("done", "[", "]", "not ", "-", " ", limit=None)
def mark_of(text: str) -> Mark | None:
    """Return the status that a whole string stands for, without its brackets, or None."""
    text = text.strip()[:80].casefold()
    if text in _by_word():
        return _by_word()[text]
    bare = " ".join(text.strip(_EDGE).replace("_", " ").replace("-", " ").split())
    if mark := _by_word().get(bare):
        return mark
    if not bare:
        return _boxed(text)
    sign, _, rest = text.partition(" ")
    return _by_word().get(sign) if not sign[:1].isalnum() and _by_word().get(rest.strip()) else None


def _boxed(text: str) -> Mark | None:
    return "not_done" if text in ("[ ]", "[]", "( )", "\u2610") else None


def plain(value: object) -> Mark | None:
    """Return the status of a value in data: a string, or whether something is done."""
    if isinstance(value, bool):
        return "done" if value else "not_done"
    return mark_of(value) if isinstance(value, str) else None
