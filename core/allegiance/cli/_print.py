"""What a command prints: every string goes through one function that makes it safe to print."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any, TextIO, cast

import typer

from allegiance.trace.visible import inert, printable, visible

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 180
"""The width of tables where no terminal sets one."""


def say(text: str, *, err: bool = False, end: str = "\n") -> None:
    """Print a string, which may hold names from a run, a plan or a file of other tools."""
    typer.echo(printable(text) + end, err=err, nl=False)


def console(*, err: bool = False, soft_wrap: bool = False) -> Console:
    """Return a console that shows every string as it is: no markup, no control characters.

    Args:
        err: Whether it prints on stderr.
        soft_wrap: Whether long lines are left to the terminal.
    """
    stream = sys.stderr if err else sys.stdout
    screen = _console_class()(
        stderr=err, soft_wrap=soft_wrap, markup=False, emoji=False, highlight=False
    )
    if not (screen.is_terminal or soft_wrap):
        screen.width = WIDTH
    # a long string that is folded can begin a line of its own
    screen.file = cast("TextIO", _InertLines(stream))
    return screen


class _InertLines:
    """A stream whose lines are never a command for a CI runner."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write whole lines."""
        return self._stream.write(inert(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@cache
def _console_class() -> type[Console]:
    from rich.console import Console
    from rich.segment import Segment
    from rich.text import Text

    class SafeConsole(Console):
        """A console that makes the control characters in what it renders visible."""

        def render_str(self, text: str, **options: Any) -> Text:
            return super().render_str(visible(text), **options)  # before its width is measured

        def render(self, renderable: Any, options: Any = None) -> Iterable[Segment]:
            for segment in super().render(renderable, options):
                text, style, control = segment
                yield segment if control else Segment(visible(text), style)

    return SafeConsole


def discard_output() -> None:
    """Drop what is still buffered for stdout, which cannot be written."""
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
