"""Formats without types, a setting in each line: INI, environment files and properties."""

from __future__ import annotations

import configparser
from collections.abc import Iterator
from functools import partial
from typing import Any, cast

from allegiance.probe.controls.setting import LONGEST_CONTROL, MOST, Setting, Type
from allegiance.probe.controls.yaml_text import NotParsed
from allegiance.reading import TooLong, check_length, reads_text

_LINES = (
    "[a]\n",
    "[",
    "]",
    "a=1\n",
    "a",
    "=",
    ":",
    " ",
    "\n",
    "\n ",
    "#",
    ";",
    "\\\n",
    "\\",
    '"',
    "'",
)


class _Section(dict[str, Any]):
    """A section that keeps every value of an option that occurs twice.

    Attributes:
        sections: Where a section of sections records each of them with its name.
        seen: The options with their values, each a list of lines.
    """

    def __init__(self, sections: list[tuple[str, _Section]]) -> None:
        super().__init__()
        self.sections = sections
        self.seen: list[tuple[str, list[str] | None]] = []

    def __setitem__(self, key: str, value: Any) -> None:
        if isinstance(value, _Section):
            self.sections.append((key, value))
        elif value is None or isinstance(value, list):
            self.seen.append((key, value))
        super().__setitem__(key, value)


@reads_text(*_LINES, limit=LONGEST_CONTROL)
def read_ini(text: str) -> list[Setting]:
    """Return the settings of INI sections, each below the name of its section.

    Raises:
        TooLong: If the text is longer or has more lines than what is read.
        NotParsed: If it is not INI.
    """
    check_length(text, LONGEST_CONTROL)
    lines = text.splitlines()
    if len(lines) > MOST:
        raise TooLong(f"it has more than {MOST:,} settings")
    sections: list[tuple[str, _Section]] = []
    parser = configparser.RawConfigParser(
        dict_type=cast("type[dict[str, str]]", partial(_Section, sections)),
        allow_no_value=True,
        strict=False,
        inline_comment_prefixes=("#", ";"),
        default_section="\n",  # no section has this name, so [DEFAULT] is like the others
    )
    parser.optionxform = str  # type: ignore[assignment]
    try:
        # the library's pattern for a line takes quadratic time for a run of blanks
        parser.read_file(line[: _indent(line)] + " ".join(line.split()) for line in lines)
    except (configparser.Error, ValueError, AttributeError) as error:
        raise NotParsed(str(error).splitlines()[0]) from error
    settings: list[Setting] = []
    for section, options in sections:
        for key, value in options.seen:
            word = None if value is None else "\n".join(filter(None, value))
            settings.append(_setting((section, *key.split(".")), word))
    return settings


def _indent(line: str) -> int:
    return min(len(line) - len(line.lstrip()), 8)


@reads_text(*_LINES, limit=LONGEST_CONTROL)
def read_flat(text: str) -> list[Setting]:
    """Return the settings of an environment file, of properties or of plain ``key = value``.

    Raises:
        TooLong: If the text is longer or has more lines than what is read.
    """
    check_length(text, LONGEST_CONTROL)
    settings = []
    for line in _joined(text):
        line = line.strip()
        if not line or line.startswith(("#", ";", "!", "//")):
            continue
        line = line.removeprefix("export ").lstrip()
        places = [place for place in (line.find("="), line.find(":")) if place >= 0]
        if places:
            key, value = line[: min(places)], line[min(places) + 1 :]
        else:
            key, _, value = line.partition(" ")
        key = key.strip().strip("\"'")
        if " " not in key and key.count(".") < 32:
            settings.append(_setting(tuple(key.split(".")), value))
        if len(settings) > MOST:
            raise TooLong(f"it has more than {MOST:,} settings")
    return settings


def _joined(text: str) -> Iterator[str]:
    """Yield the lines; one that ends with a backslash goes on in the next."""
    parts: list[str] = []
    for line in text.splitlines():
        if line.endswith("\\") and not line.lstrip().startswith("#"):
            parts.append(line[:-1])
            continue
        yield "".join([*parts, line.lstrip() if parts else line])
        parts = []
    if parts:
        yield "".join(parts)


def _setting(path: tuple[str, ...], value: str | None) -> Setting:
    """Return a setting; quotes and a comment after the value do not belong to it."""
    word = (value or "").strip()
    if word[:1] in ("'", '"') and (end := word.find(word[0], 1)) > 0:
        word = word[1:end]
    else:
        places = [p for mark in (" #", "\t#", " ;") if (p := word.find(mark)) >= 0]
        word = word[: min(places)].rstrip() if places else word
    kind: Type = "word" if word else "null"
    return Setting(path, kind, word)
