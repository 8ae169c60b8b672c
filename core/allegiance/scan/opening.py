"""The beginning of a file, by which the formats recognize what they can read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from allegiance.errors import UserError
from allegiance.scan.documents import documents


@dataclass(frozen=True)
class Opening:
    """The beginning of a file or folder.

    Attributes:
        path: The file or folder.
        data: The first document of a file that can be parsed as JSON; None for folders and zip
            files.
        zipped: Whether the file is a zip file.
    """

    path: Path
    data: Any = None
    zipped: bool = False

    @property
    def first(self) -> Any:
        """The first item of a document that is a list, else the document."""
        return next(iter(self.data), None) if isinstance(self.data, list) else self.data

    def has_key(self, *names: str) -> bool:
        """Tell whether the first item is an object with one of these keys."""
        return isinstance(self.first, Mapping) and any(name in self.first for name in names)


def open_file(path: Path) -> Opening:
    """Read the beginning of a file or folder.

    Raises:
        UserError: If a file cannot be read, or nothing in it is JSON.
    """
    if path.is_dir():
        return Opening(path)
    try:
        with path.open("rb") as file:
            zipped = file.read(2) == b"PK"
    except OSError as error:
        raise UserError(f"{str(path)!r} cannot be read: {error.strerror or error}") from error
    if zipped:
        return Opening(path, zipped=True)
    intact = (document.data for document in documents(path) if document.damage is None)
    return Opening(path, next(intact, None))
