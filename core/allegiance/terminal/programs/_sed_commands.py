"""The commands of sed, and the texts in them."""

from __future__ import annotations

from dataclasses import dataclass, field

from allegiance.reading import reads_text
from allegiance.terminal.options import UsageError
from allegiance.terminal.regex import Regex

_ESCAPES = {"n": "\n", "t": "\t"}


class SedError(UsageError):
    """A script is wrong."""


@dataclass(frozen=True)
class Address:
    """Selects lines.

    Attributes:
        kind: ``line``, ``last``, ``regex``, ``step`` (``first~step``), ``plus`` or ``multiple``.
        first: The number of a line, or the first one.
        step: The distance of the lines of ``first~step``.
        regex: The expression; None stands for the last one that was used.
    """

    kind: str
    first: int = 0
    step: int = 0
    regex: Regex | None = None


@dataclass
class Command:
    r"""One command of a script.

    Attributes:
        name: Its letter.
        start: The first address, if it has one.
        end: The second address.
        negated: Whether it is for the lines that are not selected.
        text: The text of ``a``, ``i`` and ``c``, a label, or the name of a file.
        regex: The expression of ``s``.
        parts: What ``s`` puts in: strings, the numbers of groups, and the negative codes of the
            letters of marks like ``\U``.
        flags: The flags of ``s``.
        number: Which match ``s`` replaces, or the exit code of ``q``.
        table: The characters that ``y`` replaces.
        target: Where to go on behind a block or at a label.
        active: Whether a range of lines is open.
        until: The line at which an open range ends.
    """

    name: str
    start: Address | None = None
    end: Address | None = None
    negated: bool = False
    text: str = ""
    regex: Regex | None = None
    parts: list[str | int] = field(default_factory=list)
    flags: str = ""
    number: int = 1
    table: dict[int, int] = field(default_factory=dict)
    target: int = 0
    active: bool = False
    until: int = 0


@reads_text("\\", "\\n", "a", limit=None)
def unescaped(text: str) -> str:
    pieces: list[str] = []
    index = 0
    while index < len(text):
        char = text[index]
        if char == "\\" and index + 1 < len(text):
            index += 1
            char = _ESCAPES.get(text[index], text[index])
        pieces.append(char)
        index += 1
    return "".join(pieces)


@reads_text("\\1", "&", "\\", "\\&", "a", "\\n", limit=None)
def replacement(text: str) -> list[str | int]:
    r"""Return what ``s`` puts in: strings, the numbers of groups, and marks like ``\U``."""
    parts: list[str | int] = []
    run: list[str] = []
    index = 0
    while index < len(text):
        char = text[index]
        item: int | None = 0 if char == "&" else None
        if char == "\\" and index + 1 < len(text):
            index += 1
            char = text[index]
            if char in "0123456789":
                item = int(char)
            elif char in "ULEul":
                item = -ord(char)
            else:
                char = _ESCAPES.get(char, char)
        if item is None:
            run.append(char)
        else:
            parts += ["".join(run)] * bool(run)
            parts.append(item)
            run = []
        index += 1
    return [*parts, "".join(run)] if run else parts
