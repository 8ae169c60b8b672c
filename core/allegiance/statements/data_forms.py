"""Reads reports that are data: JSON, simple YAML, and elements such as ``<stop>done</stop>``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from allegiance.reading import reads_text
from allegiance.statements.marks import Mark, mark_of, plain, words

_LIST = re.compile(r"^\s*[\"']?(\w[\w ]{0,24})[\"']?\s*:\s*\[([^\]\n]{0,400})\]\s*$")
_ATTRIBUTES = re.compile(r"<\w{1,40}\s([^<>\n]{1,200})>")
_ATTRIBUTE = re.compile(r"(\w{1,40})\s?=\s?[\"']([^\"'\n]{1,60})[\"']")
_ELEMENT = re.compile(r"<([\w-]{1,40})>([^<>\n]{1,60})</([\w-]{1,40})>")
MOST_NODES = 2_000


@reads_text("{", "[", '{"a":', '"', "<a>b</a>", "a: [b]\n", "\n", limit=None)
def read_data(text: str, ids: Mapping[str, str]) -> dict[str, Mark]:
    """Return the statuses in a text that is data, or holds it.

    Args:
        text: The text.
        ids: The ids of duties by their names in lower case.
    """
    stated: dict[str, Mark] = {}
    for value in _values(text):
        stated |= dict(_walk(value, ids))
    for line in text.splitlines():
        if (row := _LIST.match(line)) and (mark := mark_of(row[1])):
            for item in row[2].split(","):
                if duty := ids.get(item.strip(" \"'").casefold()):
                    stated[duty] = mark
    for element in _ATTRIBUTES.findall(text):
        stated |= dict(_of_object({k.casefold(): v for k, v in _ATTRIBUTE.findall(element)}, ids))
    for match in _ELEMENT.finditer(text):
        duty = ids.get(match[1].casefold())
        if duty and match[1] == match[3] and (mark := mark_of(match[2])):
            stated[duty] = mark
    return stated


def _values(text: str) -> Iterator[Any]:
    """Yield the JSON documents in a text: all of it, or what begins at its first bracket."""
    decoder = json.JSONDecoder()
    start = min((i for c in "{[" if (i := text.find(c)) >= 0), default=-1)
    brace = text.find("{")
    for place in dict.fromkeys((start, brace)):
        if place >= 0:
            try:
                value, _ = decoder.raw_decode(text, place)
            except (ValueError, RecursionError):
                continue
            if isinstance(value, (dict, list)):
                yield value
                return


def _walk(root: Any, ids: Mapping[str, str]) -> Iterator[tuple[str, Mark]]:
    left, seen = [root], 0
    while left and seen < MOST_NODES:
        node, seen = left.pop(), seen + 1
        if isinstance(node, list):
            left.extend(reversed(node))
        elif isinstance(node, dict):
            lower = {str(key).casefold(): value for key, value in node.items()}
            yield from _of_object(lower, ids)
            left.extend(value for value in node.values() if isinstance(value, (dict, list)))


def _of_object(fields: dict[str, Any], ids: Mapping[str, str]) -> Iterator[tuple[str, Mark]]:
    own = _status(fields)
    for key in words()["duty_keys"]:
        duty = ids.get(str(fields.get(key, "")).casefold())
        if duty and own:
            yield duty, own
    for key, value in fields.items():
        if duty := ids.get(key):
            mark = plain(value)
            if isinstance(value, dict):
                mark = _status({str(k).casefold(): v for k, v in value.items()})
            elif value is None and own:
                mark = own
            if mark:
                yield duty, mark
        elif isinstance(value, bool) and (duty := ids.get(re.split(r"[_-]", key)[0])):
            yield duty, "done" if value else "not_done"  # evaluation_submitted: true
        elif (mark := mark_of(key)) and isinstance(value, list):
            for item in value:
                if isinstance(item, str) and (duty := ids.get(item.casefold())):
                    yield duty, mark


def _status(fields: Mapping[str, Any]) -> Mark | None:
    if fields.get("declined") is True or fields.get("refused") is True:
        return "declined"
    for key in words()["status_keys"]:
        if key in fields and (mark := plain(fields[key])):
            return mark
    return None
