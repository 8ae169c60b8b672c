"""Settings files, read line by line: ``key: value`` or ``key = value``; changes keep comments.

The parser is tolerant on purpose: control files of real applications are YAML, TOML, INI or
indented JSON, and this parser reads them all.
"""

from __future__ import annotations

import json
import re
from typing import Any

_LINE = re.compile(r"""^(\s*["']?)([\w.\-/]+)(["']?\s*[:=]\s*)([^\n]*?)(\s*,?\s*(?:\s\#.*)?)$""")
_QUOTES = "\"'"


def items(text: str) -> list[tuple[str, str]]:
    """Return every setting of a text in order; a repeated key is repeated."""
    return [(key, value) for _, key, value in _settings(text)] or _json(text)


def parse(text: str) -> dict[str, str]:
    """Return the settings of a text; the last value of a repeated key counts."""
    return dict(items(text))


def lookup(text: str, key: str) -> str | None:
    """Return the value of one setting, or None."""
    return parse(text).get(key)


def change(text: str, key: str, value: str) -> str:
    """Return the text with one setting changed, or added at the end."""
    lines = text.splitlines()
    numbers = [number for number, name, _ in _settings(text) if name == key]

    def changed(match: re.Match[str]) -> str:
        old = match[4]
        quote = old[0] if len(old) > 1 and old[0] == old[-1] and old[0] in _QUOTES else ""
        return f"{match[1]}{match[2]}{match[3]}{quote}{value.strip(_QUOTES)}{quote}{match[5]}"

    for number in numbers:
        lines[number] = _LINE.sub(changed, lines[number])
    if not numbers:
        lines.append(f"{key}: {value}")
    end = "\r\n" if "\r\n" in text else "\n"
    return end.join(lines) + end


def _settings(text: str) -> list[tuple[int, str, str]]:
    rows = []
    for number, line in enumerate(text.splitlines()):
        if line.lstrip().startswith(("#", ";", "//")):
            continue
        if match := _LINE.match(line):
            value = match[4].strip().strip(_QUOTES)
            if value not in ("", "{", "["):
                rows.append((number, match[2], value))
    return rows


def _json(text: str) -> list[tuple[str, str]]:
    """Return the settings of JSON that does not have one setting per line."""
    settings: list[tuple[str, str]] = []

    def keep(pairs: list[tuple[str, Any]]) -> None:
        for key, value in pairs:
            if isinstance(value, (str, int, float)):
                settings.append((key, value if isinstance(value, str) else json.dumps(value)))

    try:
        json.loads(text, object_pairs_hook=keep)
    except (ValueError, RecursionError):
        return []
    return settings
