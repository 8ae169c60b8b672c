"""JSON files as documents: one document, one on each line, or several in a row.

A file with one document on each line is read line by line; any other file is read whole. Neither
a line nor a file that is read whole may be longer than ``LONGEST``, the most that a trial may have.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from allegiance.errors import UserError
from allegiance.reading import TooLong, check_length, reads_text
from allegiance.scan.unpacking import open_text
from allegiance.store.reader import LONGEST

_BLANK = re.compile(r"\s*+")
_Row = tuple[int, str, int]
"""The number of a line, the line cut to ``LONGEST`` characters, and its whole length."""


@dataclass(frozen=True)
class Document:
    """A document of a file, or a damaged part of the file.

    Attributes:
        line: The line that the document begins in, from 1.
        data: The document.
        damage: Why the document cannot be read; None if it can.
    """

    line: int
    data: Any = None
    damage: str | None = None


_kept: dict[Path, tuple[tuple[int, int], list[Document]]] = {}
"""At most one file that ``beginning`` has read to its end, for the next call of ``documents``."""


def beginning(path: Path, most: int) -> list[Document]:
    """Return the first documents of a file; a file that has no more is not parsed again.

    Raises:
        UserError: As for ``documents``.
    """
    _kept.clear()
    stream = documents(path)
    first = list(islice(stream, most + 1))
    if len(first) <= most:
        _kept[path] = (_state(path), first)
    stream.close()
    return first[:most]


def documents(path: Path) -> Generator[Document, None, None]:
    """Yield the documents of a file.

    Raises:
        UserError: If the file cannot be opened, is not text, is too long, or holds no JSON.
    """
    kept = _kept.pop(path, None)
    if kept is not None and kept[0] == _state(path):
        yield from kept[1]
        return
    with _readable(path), open_text(path) as file:
        yield from _documents(path, file)


def rows(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the number and the text of each line that is not blank, cut to ``LONGEST`` characters.

    Raises:
        UserError: If the file cannot be opened or is not text.
    """
    with _readable(path), open_text(path) as file:
        for number, row, _ in _rows(file):
            yield number, row


def _documents(path: Path, file: TextIO) -> Iterator[Document]:
    lines = _rows(file)
    first = next(lines, None)
    if first is None:
        raise UserError(f"{str(path)!r} is empty; name a file with traces")
    document = _document(*first)
    if first[2] >= LONGEST or _is_container(document):
        yield document
        for line in lines:
            yield _document(*line)
        return
    text = first[1] + file.read(LONGEST + 1 - first[2])
    parsed = list(_consecutive(text, first[0])) if len(text) <= LONGEST else []
    if parsed and parsed[-1].damage is None:
        yield from parsed
        return
    second = next(islice(_split(text, first[0]), 1, 2), None)
    if second is not None and _is_container(_document(*second)):
        yield from (_document(*line) for line in _split(text, first[0]))
        if len(text) > LONGEST:
            yield Document(second[0], damage="the rest of the file is not read: its first line "
                           "is not JSON, and the file is larger than is read whole")  # fmt: skip
    elif not parsed:
        raise UserError(
            f"{str(path)!r} is read whole, and {too_large(path.stat().st_size)}; write one "
            "document on each line"
        )
    elif len(parsed) > 1:
        yield from parsed
    else:
        raise UserError(
            f"{str(path)!r} is neither JSON nor JSON lines: {parsed[-1].damage} in line "
            f"{parsed[-1].line}"
        )


class _readable:  # used as a function
    """Turn errors of reading a file into errors for the user."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        name = repr(str(self._path))
        if isinstance(error, UnicodeDecodeError):
            raise UserError(f"{name} is not UTF-8: it is neither JSON nor a log of inspect") from (
                error
            )
        if isinstance(error, (OSError, EOFError)):
            cause = getattr(error, "strerror", None) or error
            raise UserError(f"{name} cannot be read: {cause}") from error


def _state(path: Path) -> tuple[int, int]:
    try:
        known = path.stat()
    except OSError:
        return (-1, -1)
    return known.st_size, known.st_mtime_ns


def _rows(file: TextIO) -> Iterator[_Row]:
    """Yield each line that is not blank."""
    number = 0
    while row := file.readline(LONGEST + 1):
        number += 1
        size, end = len(row), row
        while not end.endswith("\n") and (end := file.readline(LONGEST)):
            size += len(end)
        if not row.isspace():
            yield number, row[:LONGEST], size


def _split(text: str, first: int) -> Iterator[_Row]:
    """Yield the lines of a text that are not blank, without a copy of all of them."""
    start, number = 0, first
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end + 1
        row = text[start:end]
        if not row.isspace():
            yield number, row, len(row)
        start, number = end, number + 1


def _document(number: int, row: str, size: int) -> Document:
    try:
        if size > LONGEST:
            raise TooLong(too_large(size))
        return Document(number, load_json(row))
    except (ValueError, RecursionError) as error:
        return Document(number, damage=_cause(error))


def _is_container(document: Document) -> bool:
    return isinstance(document.data, (dict, list)) or document.damage == _DEEP


def too_large(size: int) -> str:
    """Return why a document of this size is not read."""
    return f"it has {size / 1e6:,.0f} MB and is not read; at most {LONGEST / 1e6:,.0f} MB are"


@reads_text("[", "{", '{"a":', '"', "\\", "1", "1,", limit=LONGEST)
def load_json(text: str | bytes) -> Any:
    """Return the data of a JSON document.

    Raises:
        TooLong: If it has more than ``LONGEST`` characters.
        ValueError: If it is not JSON.
        RecursionError: If it is nested too deeply.
    """
    check_length(text, LONGEST)
    return json.loads(text)


@reads_text("[", "{", '{"a":', '"', "\\", limit=None)
def structured(value: Any) -> Any:
    """Return a value that may be the text of JSON as data; None if it cannot be read."""
    if not isinstance(value, str):
        return value
    try:
        return load_json(value)
    except (ValueError, RecursionError):
        return None


@reads_text("[", "{", '{"a":', '"', "\\", limit=LONGEST)
def leading(text: str) -> Any:
    """Return the object or list with which a text begins; None if it cannot be read."""
    try:
        check_length(text, LONGEST)
        return json.JSONDecoder().raw_decode(text)[0]
    except (ValueError, RecursionError):
        return None


@reads_text("[", "{", "{} ", "\n", '"', "1 ", limit=LONGEST)
def _consecutive(text: str, line: int = 1) -> Iterator[Document]:
    decoder = json.JSONDecoder()
    start = end = 0
    while True:
        start = _BLANK.match(text, start).end()  # type: ignore[union-attr]  # it always matches
        if start == len(text):
            return
        line += text.count("\n", end, start)
        try:
            data, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError) as error:
            yield Document(line, damage=_cause(error))
            return
        yield Document(line, data)
        line += text.count("\n", start, end)
        start = end


_DEEP = "nested too deeply"


def _cause(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"cut off or damaged ({error.msg}, column {error.colno})"
    if isinstance(error, TooLong):
        return str(error)
    return "cut off or damaged" if isinstance(error, ValueError) else _DEEP
