"""What a shell remembers, and what programs ask of it; the evaluator follows the syntax."""

from __future__ import annotations

import posixpath
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from allegiance.shell.machine import DEPTH, STEPS
from allegiance.shell.syntax import parse
from allegiance.terminal.files import FileSystem
from allegiance.terminal.streams import Buffer, Input, Nothing, Sink, Text
from allegiance.trace.paths import LONGEST_NAME

if TYPE_CHECKING:
    from tree_sitter import Node


class Leave(Exception):
    """Leaves a loop, a function or the shell.

    Attributes:
        kind: ``break``, ``continue``, ``return`` or ``exit``.
        status: The exit code, or how many loops are left.
    """

    def __init__(self, kind: str, status: int) -> None:
        super().__init__(kind)
        self.kind = kind
        self.status = status


class SyntaxFault(Exception):
    """A script that the shell cannot read."""


class Session(ABC):
    """A shell on a host.

    Attributes:
        files: The file system.
        host: The host that commands run on.
        cwd: The working directory, an absolute path.
        variables: The values of variables; arrays have several.
        exported: The names of the variables that programs see.
        functions: The bodies of functions.
        arguments: The positional parameters.
        status: The exit code of the last command.
        outputs: Where the numbers of descriptors lead.
        stdin: What commands read.
        flags: The options that ``set`` has turned on.
        pipes: What process substitutions have printed, by their names.
        farewell: What runs when the shell ends: the trap of ``EXIT``.
        exempt: How many conditions are being followed: ``set -e`` does not count there.
    """

    def __init__(self, files: FileSystem, host: str, cwd: str = "/") -> None:
        self.files = files
        self.host = host
        self.cwd = cwd
        self.variables: dict[str, list[str]] = {}
        self.exported: set[str] = set()
        self.functions: dict[str, Node] = {}
        self.arguments: list[str] = []
        self.status = 0
        self.outputs: dict[int, Sink] = {1: Nothing(), 2: Nothing()}
        self.stdin = Input()
        self.flags: set[str] = set()
        self.pipes: dict[str, Text] = {}
        self.exempt = 0
        self.farewell = ""
        self._steps = self._depth = 0

    @abstractmethod
    def follow(self, node: Node) -> int:
        """Follow a node of the syntax tree and return its exit code."""

    @abstractmethod
    def known(self) -> Collection[str]:
        """Return the names of the programs."""

    @abstractmethod
    def run(self, words: Sequence[str]) -> int:
        """Run one command given as words."""

    def place(self, path: str) -> str:
        """Return the place that a path names."""
        full = posixpath.normpath(posixpath.join(self.cwd, path))
        if len(full) <= LONGEST_NAME and not full.isascii():
            full = unicodedata.normalize("NFC", full)
        return f"{self.host}:/{full.lstrip('/')}"

    def script(self, source: str) -> int:
        """Run a script given as a string.

        Raises:
            SyntaxFault: If it cannot be read.
        """
        try:
            root = parse(source)
        except ValueError as error:
            display = "line 1: syntax error: unexpected end of file"
            raise SyntaxFault(display if "parsed" in str(error) else str(error)) from None
        with self.deeper():
            return self.follow(root)

    def alone(self, source: str) -> int:
        """Run a script as a shell of its own does and return its exit code."""
        try:
            status = self.script(source) % 256
        except SyntaxFault as fault:
            self.complain(f"bash: -c: {fault}")
            return 2
        except Leave as leave:
            status = leave.status if leave.kind in ("exit", "return") else 0
        if self.farewell:
            code, self.farewell = self.farewell, ""
            self.alone(code)
        return status

    def count_step(self) -> None:
        """Count one more command.

        Raises:
            ValueError: If there are too many.
        """
        self._steps += 1
        if self._steps > STEPS:
            raise ValueError("the shell command is too long to be followed")

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """Run the enclosed code one level deeper.

        Raises:
            ValueError: If it is nested too deep.
        """
        self._depth += 1
        if self._depth > DEPTH:
            raise ValueError("the shell command nests too deep to be followed")
        try:
            yield
        finally:
            self._depth -= 1

    @contextmanager
    def apart(self, *, host: str | None = None) -> Iterator[None]:
        """Run the enclosed code in a subshell: what it changes of the shell is lost."""
        outer = self.variables, self.exported, self.functions, self.arguments, self.cwd, self.flags
        outputs, stdin, home = dict(self.outputs), self.stdin, self.host
        self.variables = {name: list(values) for name, values in self.variables.items()}
        self.exported, self.functions = set(self.exported), dict(self.functions)
        self.flags, self.host = set(self.flags), host or self.host
        try:
            with self.deeper():
                yield
        finally:
            self.variables, self.exported, self.functions = outer[:3]
            self.arguments, self.cwd, self.flags = outer[3:]
            self.outputs, self.stdin, self.host = outputs, stdin, home

    def captured(self, nodes: Sequence[Node], *, stdin: Input | None = None) -> Text:
        """Run nodes in a subshell and return what they print."""
        buffer = Buffer()
        with self.apart():
            self.outputs[1] = buffer
            self.stdin = stdin or self.stdin
            self.status = self.isolated(nodes)
        return buffer.content()

    def isolated(self, nodes: Sequence[Node]) -> int:
        """Run nodes; a command that leaves the shell leaves only them."""
        status = self.status
        try:
            for node in nodes:
                status = self.follow(node)
        except Leave as leave:
            status = leave.status if leave.kind in ("exit", "return") else 0
        return status

    def print(self, text: str, origin: str | None = None) -> None:
        """Write to the standard output."""
        self.outputs[1].write(text, origin)

    def complain(self, text: str) -> None:
        """Write a line to the standard error."""
        self.outputs[2].write(f"{text}\n")

    def value(self, name: str) -> str | None:
        """Return the value of a variable, or None if it is not set."""
        values = self.variables.get(name)
        return values[0] if values else None
