"""Settings files read line by line: ``key: value`` or ``key = value``, comments kept.

Tolerant on purpose: the same reading serves YAML, TOML, INI and indented JSON, which is what the
control files of real applications are written in.
"""

from __future__ import annotations

import re

_LINE = re.compile(r"""^(\s*["']?)([\w.\-/]+)(["']?\s*[:=]\s*)([^\n]*?)(\s*,?\s*(?:\s\#.*)?)$""")


def parse(text: str) -> dict[str, str]:
    """Return the settings of a text; where a key stands twice the last one counts."""
    return {key: value for _, key, value in _settings(text)}


def lookup(text: str, key: str) -> str | None:
    """Return the value of one setting, or None."""
    return parse(text).get(key)


def change(text: str, key: str, value: str) -> str:
    """Return the text with one setting changed, or added at the end."""
    lines = text.splitlines()
    found = [number for number, name, _ in _settings(text) if name == key]
    for number in found:
        lines[number] = _LINE.sub(lambda m: f"{m[1]}{m[2]}{m[3]}{value}{m[5]}", lines[number])
    if not found:
        lines.append(f"{key}: {value}")
    return "\n".join(lines) + "\n"


def _settings(text: str) -> list[tuple[int, str, str]]:
    rows = []
    for number, line in enumerate(text.splitlines()):
        if line.lstrip().startswith(("#", ";", "//")):
            continue
        if match := _LINE.match(line):
            value = match[4].strip().strip("\"'")
            if value not in ("", "{", "["):
                rows.append((number, match[2], value))
    return rows
