"""The parts of a program of awk."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Node:
    """A statement or an expression.

    Attributes:
        kind: What it is.
        text: A name, a value, an operator or where a print goes.
        parts: What it consists of.
    """

    kind: str
    text: str = ""
    parts: tuple[Node, ...] = ()


NOTHING = Node("nothing")
"""Stands for a part that is left out."""
