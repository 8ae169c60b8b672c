"""The arguments of a call: what is judged is what runs, or the call is rejected.

Frameworks, bindings, probes and files read arguments in different ways. Only JSON data means the
same to all of them: what is not JSON data, or is too large, is not judged at all. What is judged is
a copy, and so is what is passed on, so that nobody can change one of them after the decision.
"""

from __future__ import annotations

import json
import math
import reprlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from allegiance.guard.recent import shorten
from allegiance.reading import LONGEST, check_length, reads_text
from allegiance.trace.text import DEEPEST, sanitize

MOST_BITS = 14_000
"""Bits of the longest integer: Python reads and writes integers of up to 4,300 digits."""


class Arguments(NamedTuple):
    """The arguments of one call.

    Attributes:
        judged: What is recorded and judged: the arguments by name, or a string.
        passed: What the tool is to run with: an equal copy. If there is a problem, this is the
            object itself, for the policy under which the call runs nevertheless.
        size: Characters that the arguments have at least when they are written as JSON.
        problem: Why the arguments cannot be judged, or None.
    """

    judged: dict[str, Any] | str
    passed: Any
    size: int
    problem: str | None


class _Unjudged(ValueError):
    """A value cannot be judged; the message says why."""


def read_args(args: object, longest: int = LONGEST) -> Arguments:
    """Check and copy the arguments of a call.

    They are a JSON object, or a string if a model wrote something else. Values are strings without
    lone surrogates, finite numbers, booleans, None, and lists, tuples and mappings of them with
    strings for keys, at most 64 levels deep.

    Args:
        args: The arguments.
        longest: The largest number of characters.
    """
    if type(args) is dict:
        size = 2
        for key, value in args.items():
            if not (type(key) is str and type(value) is str and key.isascii() and value.isascii()):
                break
            size += len(key) + len(value) + 6
        else:  # nearly every call
            if size <= longest:
                return Arguments(args.copy(), args.copy(), size, None)
    reader = _Reader(longest)
    try:
        if isinstance(args, str):
            text = reader.read_string(args)
            return Arguments(text, text, reader.size, None)
        if not isinstance(args, Mapping):
            raise _Unjudged(f"they are {_kind(args)}, not a JSON object")
        judged = reader.read_mapping(args, 1)
    except _Unjudged as error:
        at = "" if reader.name is None else f"{_quote(reader.name)} "
        problem = f"the arguments cannot be judged: {at}{error}"
        return Arguments(_preview(args), args, min(reader.size, longest), problem)
    except Exception as error:  # noqa: BLE001 - a mapping of a user's own may raise anything
        problem = f"the arguments cannot be read: {type(error).__name__}"
        return Arguments(_preview(args), args, min(reader.size, longest), problem)
    return Arguments(judged, copy_data(judged), reader.size, None)


@reads_text("{", "[", '"', "\\", ",", ":", "\\ud800", "1", "-", "NaN", " ")
def parse_args(text: str) -> dict[str, Any]:
    """Return the arguments that a model wrote as JSON.

    Raises:
        ValueError: If the text is not a JSON object, or too long or too deep to be read.
    """
    check_length(text)
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError("the arguments are nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("the arguments are not a JSON object")
    return value


def copy_data(value: Any) -> Any:
    """Return a deep copy of JSON data; much faster than ``copy.deepcopy``."""
    kind = type(value)
    if kind is dict:
        return {key: copy_data(item) for key, item in value.items()}
    if kind is list:
        return [copy_data(item) for item in value]
    if kind is tuple:
        return tuple([copy_data(item) for item in value])
    return value


class _Reader:
    """Copies JSON data and counts its characters.

    Attributes:
        longest: The largest number of characters.
        size: The characters so far.
        name: The argument that is being read.
    """

    __slots__ = ("longest", "name", "size")

    def __init__(self, longest: int) -> None:
        self.longest = longest
        self.size = 0
        self.name: object = None

    def read_mapping(self, mapping: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        copied: dict[str, Any] = {}
        self._count(2)
        for key, value in mapping.items():
            if depth == 1:
                self.name = key
            if not isinstance(key, str):
                raise _Unjudged(f"has a key that is {_kind(key)}, not a string")
            name = self.read_string(key)
            if name in copied:
                raise _Unjudged("has the same key twice")
            copied[name] = self._read(value, depth)
        self.name = None if depth == 1 else self.name
        return copied

    def read_string(self, text: str) -> str:
        self._count(len(text) + 3)
        text = text if type(text) is str else str.__str__(text)
        if not text.isascii():
            try:
                text.encode()
            except UnicodeEncodeError as error:
                where = f"{text[error.start]!a} at character {error.start}"
                raise _Unjudged(f"holds a lone surrogate ({where}), which is no text") from None
        return text

    def _read(self, value: Any, depth: int) -> Any:
        if isinstance(value, str):
            return self.read_string(value)
        if isinstance(value, (Mapping, list, tuple)):
            if depth >= DEEPEST:
                raise _Unjudged(f"is nested deeper than {DEEPEST} levels, or holds itself")
            if isinstance(value, Mapping):
                return self.read_mapping(value, depth + 1)
            self._count(2)
            items = [self._read(item, depth + 1) for item in value]
            return items if isinstance(value, list) else tuple(items)
        self._count(2)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int):
            if int.bit_length(value) > MOST_BITS:
                raise _Unjudged("is an integer of more than 4,200 digits")
            self._count(int.bit_length(value) // 4)
            return value if type(value) is int else int.__int__(value)
        if isinstance(value, float):
            if not math.isfinite(value):
                raise _Unjudged(f"is {float.__repr__(value)}, which JSON does not have")
            return value if type(value) is float else float.__float__(value)
        raise _Unjudged(f"is {_kind(value)}, which is not JSON data")

    def _count(self, characters: int) -> None:
        self.size += characters
        if self.size > self.longest:
            self.name = None
            raise _Unjudged(f"they are longer than {self.longest:,} characters")


def _kind(value: object) -> str:
    name = type(value).__name__
    return "None" if value is None else f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _quote(name: object) -> str:
    return shorten(_repr(name))[:80]


def _repr(value: object) -> str:
    return ascii(value) if isinstance(value, (str, int, float)) else _kind(value)


class _Preview(reprlib.Repr):
    """Shows the beginning of data that was not judged, for a reader."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxlong = 200
        self.maxdict = self.maxlist = self.maxtuple = 20

    def repr_int(self, x: int, level: int) -> str:
        return "a long integer" if x.bit_length() > MOST_BITS else repr(x)

    def repr_instance(self, x: object, level: int) -> str:
        return f"<{type(x).__name__}>"  # its own repr may be slow, or long, or raise


def _preview(args: object) -> str:
    if isinstance(args, str):
        text = str.__str__(args)[:200]
        text = text if len(args) <= 200 else f"{text}..."
    else:
        try:
            shown = dict(args) if isinstance(args, Mapping) and len(args) < 1000 else args
            text = _Preview().repr(shown)
        except Exception:  # noqa: BLE001 - a class of a user's own may raise anything
            text = f"<{type(args).__name__}>"
    cleaned: str = sanitize(shorten(text))
    return cleaned
