"""The input of awk: records, the fields of a record, and how strings are split."""

from __future__ import annotations

from collections.abc import Callable

from allegiance.shell.budget import charge
from allegiance.terminal.programs._awk_values import InputText
from allegiance.terminal.regex import Regex

MOST_FIELDS = 10_000
"""The highest number of a field."""


def split_text(text: str, separator: str, regex: Callable[[str], Regex]) -> list[str]:
    """Return the parts of a string, as the value of FS takes it apart.

    Args:
        text: The string.
        separator: A space for white space, a character, or an expression.
        regex: Compiles an expression.
    """
    charge(len(text) // 4, 1)
    if separator == " ":
        parts = text.split()
    elif not text:
        return []
    elif not separator:
        parts = list(text)
    elif len(separator) == 1 and separator != "\\":
        parts = text.split(separator)
    else:
        return split_by(text, regex(separator))
    charge(0, len(parts))
    return parts


def split_by(text: str, regex: Regex) -> list[str]:
    """Return the parts of a string between the matches of an expression."""
    if not text:
        return []
    parts: list[str] = []
    start = 0
    for match in regex.matches_in(text):
        if match.end > match.start:
            parts.append(text[start : match.start])
            start = match.end
    parts.append(text[start:])
    charge(0, len(parts))
    return parts


class Source:
    """A file that is read record by record."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0

    def record(self, separator: str, regex: Callable[[str], Regex]) -> str | None:
        """Return the next record, or None if there is none."""
        if not separator:
            while self.text.startswith("\n", self.place):
                self.place += 1
            separator = "\n\n+"
        if self.place >= len(self.text):
            return None
        start = self.place
        if len(separator) == 1:
            end = self.text.find(separator, start)
            after = end + 1
        else:
            match = regex(separator).search(self.text, start)
            end, after = (match.start, match.end) if match else (-1, 0)
        if end < 0:
            end = after = len(self.text)
            if len(separator) > 1 and self.text.endswith("\n"):
                end -= 1
        self.place = after
        charge(end - start, 1)
        return self.text[start:end]


class Record:
    """The present record: its text and its fields, each made from the other when it is needed."""

    def __init__(self) -> None:
        self._text = ""
        self._fields: list[str] | None = []
        self._stale = False

    def set_text(self, text: str) -> None:
        """Replace the record."""
        self._text, self._fields, self._stale = text, None, False

    def text(self, glue: str) -> str:
        """Return the record; if a field was changed, its fields with OFS between them."""
        if self._stale and self._fields is not None:
            charge(sum(map(len, self._fields)) + len(glue) * len(self._fields))
            self._text, self._stale = glue.join(self._fields), False
        return self._text

    def fields(self, split: Callable[[str], list[str]]) -> list[str]:
        """Return the fields."""
        if self._fields is None:
            self._fields = split(self._text)
        return self._fields

    def set_field(self, number: int, text: str, split: Callable[[str], list[str]]) -> None:
        """Replace a field, and make those before it that are missing."""
        self.set_count(max(number, len(self.fields(split))), split)
        fields = self.fields(split)
        fields[number - 1] = text

    def set_count(self, count: int, split: Callable[[str], list[str]]) -> None:
        """Drop fields at the end, or add empty ones."""
        fields = self.fields(split)
        charge(0, max(count - len(fields), 0) + 1)
        self._fields = [*fields[:count], *[""] * (count - len(fields))]
        self._stale = True

    def field(self, number: int, split: Callable[[str], list[str]]) -> InputText | None:
        """Return a field, or None if the record has none of this number."""
        fields = self.fields(split)
        return InputText(fields[number - 1]) if number <= len(fields) else None
