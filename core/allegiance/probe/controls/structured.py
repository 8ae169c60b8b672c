"""JSON, also with comments and commas at the end, and TOML."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

from allegiance.probe.controls.setting import (
    DEEPEST,
    ITEM,
    LONGEST_CONTROL,
    MOST,
    Children,
    Leaf,
    Setting,
    walk,
)
from allegiance.probe.controls.yaml_text import NotParsed, read_yaml
from allegiance.reading import TooLong, check_length, reads_text

_JSON = ("{", '{"a":', "[", "]", "}", ",", ":", '"', "1", "//", "/*", "*/", "\\", "'", "\n", "null")
_TOML = ("[a]\n", "[[", "a.", "a = 1\n", "{a=", '"', "'''", '"""', "#", "1", "=", ",", "\\", "\n")
_TOKEN = re.compile(r"\"|'|//|/\*|\t")
_MOST_DOTS = 50
"""The most dots in a line of TOML: the time for a dotted key grows with their square."""


class _Pairs(list[tuple[str, Any]]):
    """An object of JSON with every key, also one that occurs twice."""


class _Number(str):
    """A number of JSON, as it is written."""

    __slots__ = ()


@reads_text(*_JSON, limit=LONGEST_CONTROL)
def read_json(text: str) -> list[Setting]:
    """Return the settings of JSON; comments and a comma at the end are tolerated.

    Raises:
        TooLong: If the text is longer, deeper or larger than what is read.
        NotParsed: If it is not JSON, or not an object.
    """
    check_length(text, LONGEST_CONTROL)
    try:
        root = json.loads(
            text.removeprefix("\ufeff"),
            object_pairs_hook=_Pairs,
            parse_int=_Number,
            parse_float=_Number,
        )
    except RecursionError as error:
        raise TooLong("it is nested too deeply") from error
    except ValueError as error:
        try:
            return read_yaml(_without_comments(text))
        except NotParsed:
            raise NotParsed(str(error)) from error
    if not isinstance(root, _Pairs):
        raise NotParsed("it is not an object with settings")
    return walk(root, _expand, ())


@reads_text(*_JSON, limit=None)
def _without_comments(text: str) -> str:
    """Return JSON without its comments, and with blanks in place of tabs."""
    parts: list[str] = []
    position = 0
    while match := _TOKEN.search(text, position):
        if len(parts) > 4 * MOST:
            raise TooLong(f"it has more than {MOST:,} settings")
        parts.append(text[position : match.start()])
        token, end = match[0], match.end()
        if token == "//":
            position = text.find("\n", end)
            position = len(text) if position < 0 else position
        elif token == "/*":
            position = text.find("*/", end) + 2
            if position < 2:
                raise NotParsed("a comment does not end")
        elif token == "\t":
            parts.append(" ")
            position = end
        else:
            position = _string_end(text, token, end)
            parts.append(text[match.start() : position])
    return "".join([*parts, text[position:]])


def _string_end(text: str, quote: str, start: int) -> int:
    """Return where the string ends that starts before ``start``.

    Raises:
        NotParsed: If it does not end.
    """
    while True:
        end = text.find(quote, start)
        if end < 0:
            raise NotParsed("a string does not end")
        back = end
        while back > start and text[back - 1] == "\\":
            back -= 1
        if (end - back) % 2 == 0:
            return end + 1
        start = end + 1


@reads_text(*_TOML, limit=LONGEST_CONTROL)
def read_toml(text: str) -> list[Setting]:
    """Return the settings of TOML.

    Raises:
        TooLong: If the text is longer, deeper or larger than what is read.
        NotParsed: If it is not TOML; a key that occurs twice makes it so.
    """
    check_length(text, LONGEST_CONTROL)
    if text.count("\n") > MOST or text.count("=") > MOST or text.count(",") > MOST:
        raise TooLong(f"it has more than {MOST:,} settings")
    if text.count("[") + text.count("{") > MOST:
        raise TooLong(f"it has more than {MOST:,} groups")
    if any(line.count(".") > _MOST_DOTS for line in text.split("\n")):
        raise TooLong(f"a line has more than {_MOST_DOTS} dots")
    try:
        root = tomllib.loads(text.replace("\r\n", "\n"))
    except RecursionError as error:
        raise TooLong(f"it is nested deeper than {DEEPEST} levels") from error
    except ValueError as error:
        raise NotParsed(str(error)) from error
    return walk(root, _expand, ())


def _expand(node: Any) -> Leaf | Children:
    if isinstance(node, _Pairs):
        return "map", node
    if isinstance(node, dict):
        return "map", list(node.items())
    if isinstance(node, list):
        return "list", [(ITEM, item) for item in node]
    if node is None:
        return "null", ""
    if isinstance(node, bool):
        return "bool", str(node).lower()
    if isinstance(node, (_Number, int, float)):
        return "number", str(node)
    return "string", str(node)
