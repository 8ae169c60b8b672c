"""JSON files as documents: one, one a line, or several one after another.

A file of one document a line is read line by line; every other is read whole.
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
    """A document of a file, or the place where one is damaged.

    Attributes:
        line: The line that it begins in, from 1.
        data: The document.
        damage: Why it cannot be read; None if it can.
    """

    line: int
    data: Any = None
    damage: str | None = None


def documents(path: Path) -> Iterator[Document]:
    """Yield the documents of a file.

    Raises:
        UserError: If the file cannot be opened, is no text, or nothing in it is JSON.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            first, second = (*islice((row for row in file if row.strip()), 2), "", "")[:2]
        if not first:
            raise UserError(f"{str(path)!r} is empty: there is nothing to scan")
        if _is_json(first):
            yield from _lines(path)
            return
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"{str(path)!r} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UserError(
            f"{str(path)!r} is no text in UTF-8: it is neither JSON nor a log of inspect"
        ) from error
    found = list(_one_after_another(text))
    if found[-1].damage is None:
        yield from found
    elif _is_json(second):
        yield from _lines(path)
    elif len(found) > 1:
        yield from found
    else:
        raise UserError(
            f"{str(path)!r} is neither JSON nor JSON lines: {found[-1].damage} in line "
            f"{found[-1].line}"
        )


def _lines(path: Path) -> Iterator[Document]:
    with path.open(encoding="utf-8-sig") as file:
        for number, row in enumerate(file, 1):
            if not row.strip():
                continue
            try:
                yield Document(number, json.loads(row))
            except (ValueError, RecursionError) as error:
                yield Document(number, damage=_why(error))


def _one_after_another(text: str) -> Iterator[Document]:
    decoder = json.JSONDecoder()
    at = end = 0
    line = 1
    while True:
        while at < len(text) and text[at].isspace():
            at += 1
        if at == len(text):
            return
        line += text.count("\n", end, at)
        try:
            data, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            yield Document(line, damage=_why(error))
            return
        yield Document(line, data)
        line += text.count("\n", at, end)
        at = end


def _is_json(row: str) -> bool:
    try:
        return isinstance(json.loads(row), (dict, list))
    except RecursionError:
        return True  # it is reported where it is read
    except ValueError:
        return False


def _why(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"cut off or damaged ({error.msg}, column {error.colno})"
    return "cut off or damaged" if isinstance(error, ValueError) else "nested too deep"
