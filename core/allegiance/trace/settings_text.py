"""Settings files, read line by line: ``key: value`` or ``key = value``; changes keep comments.

This is how the settings tools of a world read and change a file: tolerant on purpose, whatever the
format. What a file means to a program is another question, which ``probe.controls`` answers. A
text above ``LONGEST`` characters is refused.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from allegiance.reading import LONGEST, TooLong, check_length, reads_text

# every part ends where the next begins, so nothing is tried twice
_KEY = re.compile(r"""(\s*["']?)([\w.\-/]+)(["']?\s*[:=]\s*)""")
_COMMENT = re.compile(r"\s#")
_QUOTES = "\"'"
_DELIMITERS = (":", "=", ",", " #", " ", "\n", '"', "'", "{", "[", "a", "a: ", '{"a":', "1")


class _Line(NamedTuple):
    """A line with a setting: what precedes the value, the key, the value, and what follows."""

    start: str
    key: str
    value: str
    end: str


@reads_text(*_DELIMITERS)
def parse(text: str) -> dict[str, str]:
    """Return the settings of a text; the last value of a repeated key counts.

    Raises:
        TooLong: If the text has more than ``LONGEST`` characters, or is JSON with endless nesting.
    """
    check_length(text, LONGEST)
    return dict([(key, value) for _, key, value in _settings(text)] or _json(text))


def lookup(text: str, key: str) -> str | None:
    """Return the value of one setting, or None.

    Raises:
        TooLong: As ``parse``.
    """
    return parse(text).get(key)


def change(text: str, key: str, value: str) -> str:
    """Return the text with one setting changed, or added at the end.

    Raises:
        TooLong: As ``parse``.
    """
    check_length(text, LONGEST)
    lines = text.splitlines()
    numbers = [number for number, name, _ in _settings(text) if name == key]
    for number in numbers:
        if line := _split(lines[number]):
            old = line.value
            quote = old[0] if len(old) > 1 and old[0] == old[-1] and old[0] in _QUOTES else ""
            lines[number] = f"{line.start}{quote}{value.strip(_QUOTES)}{quote}{line.end}"
    if not numbers:
        lines.append(f"{key}: {value}")
    end = "\r\n" if "\r\n" in text else "\n"
    return end.join(lines) + end


def _settings(text: str) -> list[tuple[int, str, str]]:
    rows = []
    for number, line in enumerate(text.splitlines()):
        if line.lstrip().startswith(("#", ";", "//")):
            continue
        if setting := _split(line):
            value = setting.value.strip().strip(_QUOTES)
            if value not in ("", "{", "["):
                rows.append((number, setting.key, value))
    return rows


@reads_text(*_DELIMITERS, limit=None)
def _split(line: str) -> _Line | None:
    """Split a line into its parts; None if it has no setting.

    A comma and a comment after the value belong to the end.
    """
    match = _KEY.match(line)
    if match is None:
        return None
    rest = line[match.end() :]
    comment = _COMMENT.search(rest)
    value = rest[: comment.start() if comment else len(rest)].rstrip().removesuffix(",").rstrip()
    return _Line(match[0], match[2], value, rest[len(value) :])


@reads_text(*_DELIMITERS, limit=None)
def _json(text: str) -> list[tuple[str, str]]:
    """Return the settings of JSON that does not have one setting per line."""
    settings: list[tuple[str, str]] = []

    def keep(pairs: list[tuple[str, Any]]) -> None:
        for key, value in pairs:
            if isinstance(value, (str, int, float)):
                settings.append((key, value if isinstance(value, str) else json.dumps(value)))

    try:
        # a number stays text: Python refuses to convert one of thousands of digits
        json.loads(text, object_pairs_hook=keep, parse_int=str)
    except RecursionError as error:
        raise TooLong("the JSON is nested too deeply to be read") from error
    except ValueError:
        return []
    return settings
