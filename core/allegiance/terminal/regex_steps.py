"""The steps of a compiled regular expression, and the tests of characters that they make."""

from __future__ import annotations

import string
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

Test: TypeAlias = Callable[[str], bool]

CLASSES: dict[str, Test] = {
    "alpha": str.isalpha,
    "digit": lambda c: c in string.digits,
    "alnum": str.isalnum,
    "upper": str.isupper,
    "lower": str.islower,
    "space": lambda c: c in " \t\n\r\f\v",
    "blank": lambda c: c in " \t",
    "punct": lambda c: c in string.punctuation,
    "print": str.isprintable,
    "graph": lambda c: c.isprintable() and c != " ",
    "cntrl": lambda c: c < " " or c == "\x7f",
    "xdigit": lambda c: c in string.hexdigits,
}


def is_word(char: str) -> bool:
    """Tell whether a character is part of a word."""
    return char == "_" or char.isalnum()


LETTERS: dict[str, Test] = {
    "w": is_word,
    "W": lambda c: not is_word(c),
    "s": CLASSES["space"],
    "S": lambda c: c not in " \t\n\r\f\v",
}
ASSERTIONS = {"b": "edge", "B": "inner", "<": "begin", ">": "end", "`": "bol", "'": "eol"}


class RegexError(ValueError):
    """An expression is wrong; the message is the one of the C library."""


@dataclass(frozen=True)
class Step:
    """One step of a program.

    Attributes:
        kind: ``char`` (a test), ``split``, ``save``, ``match``, or an assertion such as ``bol``.
        test: What the character must fulfil.
        targets: Where to go on: for ``split`` two places, the preferred one first.
        number: For ``save``, which end of which group.
    """

    kind: str
    test: Test | None = None
    targets: tuple[int, ...] = ()
    number: int = 0


def set_test(
    chars: set[str],
    ranges: list[tuple[str, str]],
    tests: list[Test],
    *,
    negated: bool,
    fold: bool,
) -> Test:
    """Return the test of a set of characters."""

    def holds(char: str) -> bool:
        return (
            char in chars or any(a <= char <= b for a, b in ranges) or any(t(char) for t in tests)
        )

    if fold:
        return lambda c: (holds(c.lower()) or holds(c.upper())) != negated
    return lambda c: holds(c) != negated


def moved(steps: list[Step], distance: int, origin: int) -> list[Step]:
    """Return a copy of steps at another place; what they point to moves with them."""
    return [
        Step(s.kind, s.test, tuple(t + distance for t in s.targets), s.number) if s.targets else s
        for s in steps
    ]
