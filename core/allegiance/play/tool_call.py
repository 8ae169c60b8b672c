"""The form in which a model's tool call reaches a framework: the same rule for all of them.

Frameworks differ in what they do with a call that is not as it should be: one drops it, one ends
the app, one sends it back to the provider, whose client cannot write it. So a role's model passes
on only calls that every framework and client can carry. An odd call keeps its tool and gets its
arguments as a string, which the recorder answers with an error; then the trial goes on.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from allegiance.reading import LONGEST, reads_text
from allegiance.trace.text import DEEPEST

LONGEST_NAME = 64
"""The longest name of a tool, as providers limit it."""
UNNAMED = "unnamed_tool"
LARGEST = 2**63
"""Integers from here on cannot be read by every JSON reader."""
SHOWN = 2_000
"""Characters of odd arguments that are passed on; the rest would only fill the history."""


@reads_text("_", "\ud800", limit=None)
def call_name(name: object) -> str:
    """Return the name of a called tool in a form that every client can send back.

    Other characters than letters, digits, ``_``, ``-`` and ``.`` become ``_``.
    """
    text = name if isinstance(name, str) else ""
    if len(text) <= LONGEST_NAME and text.isascii() and text.isidentifier():
        return text  # nearly every name
    return re.sub(r"[^a-zA-Z0-9_.-]", "_", text[:LONGEST_NAME]) or UNNAMED


@reads_text("[", "{", '"a":', "9", limit=LONGEST)
def call_args(args: object) -> dict[str, Any] | str:
    """Return the arguments of a call by name, or as a string if they cannot be passed on unchanged.

    The string is no JSON object, so that every reader refuses it. Equal names within an object are
    resolved as JSON readers do: the last one counts.

    Args:
        args: What a framework's client handed over: a JSON string or data.
    """
    data = args
    if isinstance(args, str):
        if len(args) > LONGEST:
            return _odd(args, f"longer than {LONGEST:,} characters")
        try:
            data = json.loads(args) if args.strip() else {}
        except ValueError:
            return _as_written(args, "not JSON")
        except RecursionError:
            return _odd(args, "nested too deeply to be read")
    elif data is None:
        data = {}
    if not isinstance(data, Mapping):
        fault = f"not a JSON object but a {type(data).__name__}"
        return _as_written(args, fault) if isinstance(args, str) else _odd(args, fault)
    if fault := _fault(data):
        return _odd(args, fault)
    return dict(data)


def _as_written(args: str, fault: str) -> str:
    """Return a string that is not a JSON object; a part of it might be one, so that is said."""
    return args if args == _shown(args) else _odd(args, fault)


def _odd(args: object, fault: str) -> str:
    text = args if isinstance(args, str) else f"({type(args).__name__})"
    return f"(arguments that are {fault}) {_shown(text)}"


def _shown(text: str) -> str:
    return text[:SHOWN].encode("utf-8", "replace").decode()


def _fault(value: object) -> str:
    """Return why data cannot be passed on unchanged; an empty string if it can.

    It walks over the data without recursion, because a model chooses how deep they are.
    """
    if isinstance(value, dict) and _is_plain(value):
        return ""  # nearly every call
    left: list[tuple[object, int]] = [(value, 0)]
    while left:
        item, depth = left.pop()
        if isinstance(item, (Mapping, list, tuple)):
            if depth > DEEPEST:
                return f"nested deeper than {DEEPEST} levels"
            if isinstance(item, Mapping):
                left.extend((key, depth) for key in item)
                item = tuple(item.values())
            left.extend((part, depth + 1) for part in item)
        elif isinstance(item, str):
            if not _is_unicode(item):
                return "not Unicode text"
        elif isinstance(item, float) and not math.isfinite(item):
            return "not finite numbers"
        elif isinstance(item, int) and not -LARGEST <= item < LARGEST:
            return "numbers of more than 64 bits"
    return ""


def _is_plain(data: dict[Any, Any]) -> bool:
    """Tell whether all names and values are ASCII strings."""
    for name, value in data.items():
        if not (type(name) is type(value) is str and name.isascii() and value.isascii()):
            return False
    return True


def _is_unicode(text: str) -> bool:
    """Tell whether a string has no lone surrogates."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
