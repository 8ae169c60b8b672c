"""The table that every benchmark ends with, and its exit code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table


@dataclass(frozen=True)
class Row:
    """One thing that was measured.

    Attributes:
        what: What it is.
        measured: The result, as it is shown.
        target: What it should be, as it is shown; empty for what has no target.
        met: Whether it is.
    """

    what: str
    measured: str
    target: str = ""
    met: bool = True


def finish(title: str, rows: Sequence[Row]) -> int:
    """Print the table and return the exit code: 1 if a target is missed."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for name in ("", "measured", "target", ""):
        table.add_column(name, justify="left" if not table.columns else "right", no_wrap=True)
    for row in rows:
        verdict = ("met" if row.met else "MISSED") if row.target else ""
        table.add_row(escape(row.what), row.measured, row.target, verdict)
    console = Console()
    (console if console.is_terminal else Console(width=110)).print(table)
    return 0 if all(row.met for row in rows) else 1
