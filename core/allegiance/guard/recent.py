"""Containers that stay small however long an app runs: the last items, and a count of all."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any, TypeVar

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")

MOST = 1000
"""The usual number of items that are kept."""

LONGEST_NOTE = 2000
"""The longest note of a failure in characters: an error may quote a megabyte of arguments."""

# one lock for all lists: items are added rarely, and a list with a lock could not be copied
_LOCK = threading.Lock()


class Recent(list[T]):
    """A list that keeps its last items and counts all that were ever added.

    Attributes:
        most: The number of items that are kept; None keeps all.
        total: The number of items that were ever added.
    """

    def __init__(self, items: Iterable[T] = (), most: int | None = MOST) -> None:
        super().__init__()
        self.most = most
        self.total = 0
        self.extend(items)

    def append(self, item: T) -> None:
        """Add an item, and drop the oldest if there are too many."""
        self.extend((item,))

    def extend(self, items: Iterable[T]) -> None:
        """Add items, and drop the oldest if there are too many."""
        new = tuple(items)
        with _LOCK:
            super().extend(new)
            self.total += len(new)
            if self.most is not None and len(self) > self.most:
                del self[: len(self) - self.most]

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy the count last: the items would be counted again."""
        return type(self), (list(self), self.most), {"total": self.total}


def put_bounded(items: dict[K, V], key: K, value: V, most: int = MOST) -> bool:
    """Put an item into a dictionary, and drop the oldest if there are too many.

    Returns:
        Whether an item was dropped.
    """
    items[key] = value
    if len(items) <= most:
        return False
    items.pop(next(iter(items)), None)
    return True


def describe_error(error: BaseException) -> str:
    """Return an error's type and message, shortened; an error that has no string has its type."""
    name = type(error).__name__
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - the error of a user's code may have a broken __str__
        return name
    return shorten(f"{name}: {text}")


def shorten(text: str) -> str:
    """Cut a long text and say how long it was."""
    if len(text) <= LONGEST_NOTE:
        return text
    return f"{text[:LONGEST_NOTE]}... ({len(text):,} characters)"
