"""The beginning of a file, by which the formats recognize what they can read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from allegiance.errors import UserError
from allegiance.scan.documents import beginning
from allegiance.scan.unpacking import read_head

MOST_DOCUMENTS = 40
MOST_ITEMS = 200


class Certainty(IntEnum):
    """How sure a format is that it can read a file; the surest format reads it."""

    NONE = 0
    POSSIBLE = 1
    """Some keys fit that many formats have."""
    LIKELY = 2
    """The shape fits."""
    CERTAIN = 3
    """The file has marks that only this format has."""


@dataclass(frozen=True)
class Opening:
    """The beginning of a file or folder.

    Attributes:
        path: The file or folder.
        documents: The first documents of a file that can be parsed as JSON.
        head: The first bytes of the file, unpacked.
        error: Why nothing in the file can be parsed as JSON; None if something can.
    """

    path: Path
    documents: tuple[Any, ...] = ()
    head: bytes = b""
    error: UserError | None = None

    @property
    def zipped(self) -> bool:
        """Whether the file is a zip file."""
        return self.head.startswith(b"PK")

    @property
    def text(self) -> str:
        """The first bytes as text."""
        encoding = "utf-16" if self.head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
        return self.head.decode(encoding, "replace")

    @property
    def data(self) -> Any:
        """The first document; None for files without JSON."""
        return self.documents[0] if self.documents else None

    @cached_property
    def items(self) -> tuple[Any, ...]:
        """The first items: the documents, and the items of those that are lists."""
        return tuple(islice(self._items(), MOST_ITEMS))

    def _items(self) -> Iterator[Any]:
        for document in self.documents:
            if isinstance(document, list):
                yield from document[:MOST_ITEMS]
            else:
                yield document

    @property
    def objects(self) -> Iterator[Mapping[str, Any]]:
        """The first items that are objects."""
        return (item for item in self.items if isinstance(item, Mapping))

    @property
    def first(self) -> Any:
        """The first item of a document that is a list, else the document."""
        return next(iter(self.data), None) if isinstance(self.data, list) else self.data

    def has_key(self, *names: str) -> bool:
        """Tell whether one of the first items is an object with one of these keys."""
        return any(name in item for item in self.objects for name in names)

    def has(self, is_item: Callable[[Mapping[str, Any]], bool]) -> bool:
        """Tell whether one of the first items is an object that fits."""
        return any(is_item(item) for item in self.objects)


def open_file(path: Path) -> Opening:
    """Read the beginning of a file or folder.

    Raises:
        UserError: If a file cannot be read.
    """
    if path.is_dir():
        return Opening(path)
    try:
        head = read_head(path, 1 << 16)
    except OSError as error:
        cause = error.strerror or error
        raise UserError(f"{str(path)!r} cannot be read: {cause}") from error
    if head.startswith(b"PK"):
        return Opening(path, head=head)
    try:
        first = beginning(path, MOST_DOCUMENTS)
    except UserError as error:
        return Opening(path, head=head, error=error)
    return Opening(path, tuple(d.data for d in first if d.damage is None), head)
