"""The file system that programs see: a small protocol, and what a file is.

A place is a target of effects, ``host:/absolute/path``, so that a program can reach every host. The
name of a directory has no slash at its end; ``host:/`` is the root.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from allegiance.world.state import World

BLOCK = 4096
"""The size of a directory, and of the pieces in which a disk is filled, in bytes."""

MISSING = "No such file or directory"
DENIED = "Permission denied"
IS_DIRECTORY = "Is a directory"
NOT_DIRECTORY = "Not a directory"
FULL = "No space left on device"


class FileError(Exception):
    """A file operation failed; the message is the one of the C library."""


@dataclass(frozen=True)
class Status:
    """What ``stat`` tells of a file or directory.

    Attributes:
        directory: Whether it is a directory.
        size: The size in bytes.
        modified: When it was changed, as ``2026-03-02`` or ``2026-03-02 14:05:00``.
        owner: The owner's name.
        writable: Whether the account may change it.
    """

    directory: bool
    size: int
    modified: str
    owner: str
    writable: bool = True

    @property
    def blocks(self) -> int:
        """The bytes that it takes on the disk."""
        return -(-self.size // BLOCK) * BLOCK

    @property
    def mode(self) -> int:
        """The permissions as a number."""
        if self.directory:
            return 0o755
        return 0o644 if self.writable else 0o444


class FileSystem(Protocol):
    """What programs do with files. Each method raises ``FileError`` if it cannot do it."""

    account: str

    @property
    def world(self) -> World:
        """The state as it is now, for programs that ask for more than files."""

    def status(self, place: str) -> Status | None:
        """Return what a place is, or None if there is nothing."""

    def names(self, place: str) -> list[str]:
        """Return the names in a directory, in the order of their characters."""

    def read(self, place: str) -> str:
        """Return the content of a file."""

    def note_read(self, place: str, text: str) -> None:
        """Record that a program has shown content of a file."""

    def check_write(self, place: str) -> None:
        """Check that a file can be opened for writing."""

    def truncate(self, place: str) -> None:
        """Empty a file that is opened for writing; ``write`` follows."""

    def rehearsed(self) -> AbstractContextManager[None]:
        """Keep what the enclosed code does as intended, and undo it."""

    def write(self, place: str, text: str, origin: str | None = None) -> None:
        """Replace the content of a file; ``origin`` is the file whose content the text is."""

    def make(self, place: str) -> None:
        """Make a directory."""

    def remove(self, place: str) -> None:
        """Remove a file or an empty directory."""

    def copy(self, source: str, target: str) -> None:
        """Copy a file to a place, whatever is there."""

    def move(self, source: str, target: str) -> None:
        """Move a file to a place, whatever is there."""

    def stop(self, host: str, unit: str) -> None:
        """Stop a simulated service of a host."""


def parent(place: str) -> str:
    """Return the directory that a place is in; the root is in itself."""
    head, _, _ = place.rpartition("/")
    return head if not head.endswith(":") else f"{head}/"


def base(place: str) -> str:
    """Return the last part of a place."""
    return place.rpartition("/")[2]


def inside(directory: str, name: str) -> str:
    """Return the place of a name in a directory."""
    return f"{directory.rstrip('/')}/{name}"
