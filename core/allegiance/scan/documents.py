"""JSON files as documents: one document, one on each line, or several in a row.

A file with one document on each line is read line by line; any other file is read whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from allegiance.errors import UserError


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
        UserError: If the file cannot be opened, is not UTF-8, or holds no JSON.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            first, second = (*islice((row for row in file if row.strip()), 2), "", "")[:2]
        if not first:
            raise UserError(f"{str(path)!r} is empty; name a file with traces")
        if _is_json(first):
            yield from _lines(path)
            return
        text = path.read_text(encoding="utf-8-sig")
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
        for number, row in enumerate(file, 1):
            if not row.strip():
                continue
            try:
                yield Document(number, json.loads(row))
            except (ValueError, RecursionError) as error:
                yield Document(number, damage=_cause(error))


def _consecutive(text: str) -> Iterator[Document]:
    decoder = json.JSONDecoder()
    start = end = 0
    line = 1
    while True:
        while start < len(text) and text[start].isspace():
            start += 1
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
        return isinstance(json.loads(row), (dict, list))
    except RecursionError:
        return True  # the reader reports it
    except ValueError:
        return False


def _cause(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"cut off or damaged ({error.msg}, column {error.colno})"
    return "cut off or damaged" if isinstance(error, ValueError) else "nested too deeply"
