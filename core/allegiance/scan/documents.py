"""JSON files as documents: one document, one on each line, or several in a row.

A file with one document on each line is read line by line; any other file is read whole. Neither
a line nor a file that is read whole may be longer than ``LONGEST``, the most that a trial may have.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from allegiance.errors import UserError
from allegiance.reading import TooLong, check_length, reads_text
from allegiance.store.reader import LONGEST

_BLANK = re.compile(r"\s*+")


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


def documents(path: Path) -> Iterator[Document]:
    """Yield the documents of a file.

    Raises:
        UserError: If the file cannot be opened, is not UTF-8, is too long, or holds no JSON.
    """
    try:
        first, second = _two_rows(path)
        if not first:
            raise UserError(f"{str(path)!r} is empty; name a file with traces")
        if len(first) >= LONGEST or _is_json(first):
            yield from _lines(path)
            return
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(LONGEST + 1)
        if len(text) > LONGEST:
            raise UserError(
                f"{str(path)!r} is read whole, and {too_large(path.stat().st_size)}; write one "
                "document on each line"
            )
    except OSError as error:
        raise UserError(f"{str(path)!r} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UserError(
            f"{str(path)!r} is not UTF-8: it is neither JSON nor a log of inspect"
        ) from error
    parsed = list(_consecutive(text))
    if parsed[-1].damage is None:
        yield from parsed
    elif _is_json(second):
        yield from _lines(path)
    elif len(parsed) > 1:
        yield from parsed
    else:
        raise UserError(
            f"{str(path)!r} is neither JSON nor JSON lines: {parsed[-1].damage} in line "
            f"{parsed[-1].line}"
        )


def _lines(path: Path) -> Iterator[Document]:
    with path.open(encoding="utf-8-sig") as file:
        for number, (row, size) in enumerate(_rows(file), 1):
            if not row.strip():
                continue
            try:
                if size > LONGEST:
                    raise TooLong(too_large(size))
                yield Document(number, load_json(row))
            except (ValueError, RecursionError) as error:
                yield Document(number, damage=_cause(error))


def _two_rows(path: Path) -> tuple[str, str]:
    """Return the first two lines that are not blank; an empty string for one that is missing."""
    with path.open(encoding="utf-8-sig") as file:
        rows = (row for row, _ in _rows(file) if row.strip())
        return next(rows, ""), next(rows, "")


def _rows(file: TextIO) -> Iterator[tuple[str, int]]:
    """Yield each line, cut to ``LONGEST`` characters, and its whole length."""
    while row := file.readline(LONGEST + 1):
        size, end = len(row), row
        while not end.endswith("\n") and (end := file.readline(LONGEST)):
            size += len(end)
        yield row[:LONGEST], size


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


@reads_text("[", "{", "{} ", "\n", '"', "1 ", limit=LONGEST)
def _consecutive(text: str) -> Iterator[Document]:
    decoder = json.JSONDecoder()
    start = end = 0
    line = 1
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


def _is_json(row: str) -> bool:
    try:
        return isinstance(load_json(row), (dict, list))
    except RecursionError:
        return True  # the reader reports it
    except ValueError:
        return False


def _cause(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"cut off or damaged ({error.msg}, column {error.colno})"
    if isinstance(error, TooLong):
        return str(error)
    return "cut off or damaged" if isinstance(error, ValueError) else "nested too deeply"
