"""The budget of a command: how much text and how many steps its reading may take.

A few characters of shell can stand for gigabytes: ``a=$a$a`` doubles a value each time. So every
word, stream and effect that the reader builds is charged to a budget, in the constructors, where
no way of growth can be forgotten. Operations that multiply their input are charged beforehand.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

CHARACTERS = 2_000_000
"""The most characters that the words, streams and effects of a command may have together."""

NODES, VISITS = 10_000, 20_000
"""The most nodes that the syntax trees of a command may have, and how often they are visited."""

LONGEST_PATH = 4_096
"""The longest path, in characters, of a file; Linux accepts no longer one."""

ITEM = 16
"""The characters that a word, a stream or another item is charged beside its text."""


@dataclass
class Budget:
    """What the reading of a command has cost until now.

    Attributes:
        characters: The characters that were built.
        nodes: The nodes of the syntax trees that were parsed.
        visits: How many nodes were followed.
    """

    characters: int = 0
    nodes: int = 0
    visits: int = 0


_BUDGET: ContextVar[Budget | None] = ContextVar("budget", default=None)


@contextmanager
def limited(budget: Budget | None = None) -> Iterator[Budget]:
    """Charge what the enclosed code builds to a budget, by default to a new one."""
    budget = budget or Budget()
    token = _BUDGET.set(budget)
    try:
        yield budget
    finally:
        _BUDGET.reset(token)


def charge(characters: int, items: int = 0) -> None:
    """Charge characters and items that are built, or are about to be.

    Raises:
        ValueError: If the command builds more than ``CHARACTERS``; nothing is charged then.
    """
    budget = _BUDGET.get()
    if budget is None:
        return
    total = budget.characters + characters + ITEM * items
    if total > CHARACTERS:
        raise ValueError(f"the shell command expands to more than {CHARACTERS:,} characters")
    budget.characters = total


def charge_nodes(count: int) -> None:
    """Charge the nodes of a syntax tree.

    Raises:
        ValueError: If the trees of the command have more than ``NODES``.
    """
    check_nodes(count)
    if budget := _BUDGET.get():
        budget.nodes += count


def check_nodes(count: int) -> None:
    """Check that the nodes of a syntax tree do not exceed the budget.

    Raises:
        ValueError: If the trees of the command have more than ``NODES``.
    """
    budget = _BUDGET.get() or Budget()
    if budget.nodes + count > NODES:
        raise ValueError(f"the shell command has more than {NODES:,} parts")


def charge_visit() -> None:
    """Charge the following of a node.

    Raises:
        ValueError: If more than ``VISITS`` are followed.
    """
    budget = _BUDGET.get()
    if budget is None:
        return
    if budget.visits >= VISITS:
        raise ValueError("the shell command is too long to be followed")
    budget.visits += 1


def check_path(name: str) -> str:
    """Return a path if it is not too long.

    Raises:
        ValueError: If it has more than ``LONGEST_PATH`` characters.
    """
    charge(len(name))
    if len(name) > LONGEST_PATH:
        raise ValueError(f"the shell command has a path of more than {LONGEST_PATH:,} characters")
    return name


def substitute(text: str, old: str, new: str, count: int = -1) -> str:
    """Replace a string in a text; the result is charged before it is built."""
    hits = text.count(old) if old else len(text) + 1
    hits = min(hits, count) if count >= 0 else hits
    charge(len(text) + hits * max(len(new) - len(old), 0))
    return text.replace(old, new, count)
