"""Copies and moves of whole trees, for cp, mv, scp and rsync."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from allegiance.terminal.files import FileError, FileSystem, inside


def tree(files: FileSystem, place: str) -> Iterator[tuple[str, bool]]:
    """Yield everything below a directory, itself first: the path from it, and whether it is one."""
    yield "", True
    todo = [(name, inside(place, name)) for name in reversed(files.names(place))]
    while todo:
        path, target = todo.pop()
        status = files.status(target)
        folder = status is not None and status.directory
        yield path, folder
        if folder:
            names = reversed(files.names(target))
            todo += [(f"{path}/{name}", inside(target, name)) for name in names]


def below(place: str, path: str) -> str:
    """Return the place of a path from a directory."""
    return inside(place, path) if path else place


def ensure_directory(files: FileSystem, place: str) -> None:
    """Make a directory if it is not there.

    Raises:
        FileError: If it cannot be made.
    """
    status = files.status(place)
    if status is None:
        files.make(place)
    elif not status.directory:
        raise FileError("File exists")


def same_file(files: FileSystem, first: str, second: str) -> bool:
    """Tell whether two files have the same content and size."""
    a, b = files.status(first), files.status(second)
    if a is None or b is None or a.directory or b.directory or a.size != b.size:
        return False
    return files.read(first) == files.read(second)


def intend_tree(files: FileSystem, source: str, target: str) -> None:
    """Record the copy of a directory as intended: a program refuses it without ``-r``."""
    with files.rehearsed(), suppress(FileError):
        for path, folder in list(tree(files, source)):
            if folder:
                ensure_directory(files, below(target, path))
            else:
                files.copy(below(source, path), below(target, path))
