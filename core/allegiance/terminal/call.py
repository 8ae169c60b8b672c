"""One command with its arguments, as a program gets it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from allegiance.terminal.files import MISSING, NOT_DIRECTORY, FileError, FileSystem, Status
from allegiance.terminal.options import Options, parse_options
from allegiance.terminal.session import Session
from allegiance.terminal.streams import Text


class Call:
    """One command with its arguments.

    Attributes:
        shell: The shell that runs it.
        name: The name of the program.
        args: The arguments.
    """

    def __init__(self, shell: Session, name: str, args: Sequence[str]) -> None:
        self.shell = shell
        self.name = name
        self.args = list(args)

    @property
    def files(self) -> FileSystem:
        """The file system."""
        return self.shell.files

    def options(self, names: str, *, first: bool = False) -> Options:
        """Parse the arguments, see ``parse_options``."""
        return parse_options(self.args, names, first=first)

    def print(self, text: str, origin: str | None = None) -> None:
        """Write to the standard output."""
        self.shell.print(text, origin)

    def error(self, message: str, status: int = 1) -> int:
        """Write a message to the standard error and return an exit code."""
        self.shell.complain(f"{self.name}: {message}")
        return status

    def asks(self, question: str) -> bool:
        """Ask a question and tell whether the answer, a line of the standard input, is yes."""
        self.shell.outputs[2].write(f"{self.name}: {question} ")
        return (self.shell.stdin.line() or "")[:1] in ("y", "Y")

    def place(self, path: str) -> str:
        """Return the place that a path names."""
        return self.shell.place(path)

    def status(self, path: str) -> Status | None:
        """Return what a path names, or None if there is nothing."""
        status = self.files.status(self.place(path)) if path else None
        if status is not None and not status.directory and path.endswith("/"):
            return None
        return status

    def content(self, path: str) -> Text:
        """Return what a file, or ``-`` the standard input, holds; no read is recorded.

        Raises:
            FileError: If it cannot be read.
        """
        if path in ("-", "/dev/stdin"):
            return self.shell.stdin.take()
        if path == "/dev/null":
            return Text()
        if path in self.shell.pipes:
            return self.shell.pipes[path]
        if not path:
            raise FileError(MISSING)
        place = self.place(path)
        content = self.files.read(place)
        if path.endswith("/"):
            raise FileError(NOT_DIRECTORY)
        return Text(content, place)

    def read(self, path: str) -> Text:
        """Return what a file, or ``-`` the standard input, holds, and record that it was read.

        Raises:
            FileError: If it cannot be read.
        """
        content = self.content(path)
        if path not in ("-", "/dev/stdin"):
            self.show(content, content.text)
        return content

    def show(self, content: Text, display: str) -> None:
        """Record that a program shows content of a file."""
        if content.origin and display:
            self.files.note_read(content.origin, display)


Program: TypeAlias = Callable[[Call], int]
"""Runs a call and returns its exit code."""
