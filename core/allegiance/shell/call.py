"""One command with its arguments, as the handlers of programs get it."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence

from allegiance.shell.machine import Machine
from allegiance.shell.state import Stream, Word, numbered

STDIN = ("-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")
"""Names of what a command reads."""


class Call:
    """One command with its arguments, as its handler gets it.

    Attributes:
        shell: The machine that follows the command.
        full: The name of the program as it is written.
        name: The same without directories.
        args: The arguments.
        stdin: What the command reads.
    """

    def __init__(self, shell: Machine, full: str, args: Sequence[Word], stdin: Stream) -> None:
        self.shell = shell
        self.full = full
        self.name = posixpath.basename(full)
        self.args = list(args)
        self.stdin = stdin

    def content(self, word: Word) -> Stream:
        """Return the content of the file that a word names, and add the effect of reading it."""
        if word.stream is not None:
            return word.stream
        if word.text in STDIN:
            return self.stdin
        if (stream := self._opened(word)) is not None:
            return stream
        name = self.shell.path(word.text)
        self.shell.emit("read", name)
        return Stream(text=self.shell.state.files.get(name), sources=(name,))

    def _opened(self, word: Word) -> Stream | None:
        """Return what a name like ``/dev/fd/3`` is read as, if ``exec`` has opened that number."""
        number = numbered(word.text)
        return (
            self.shell.receive(self.stdin, number)
            if number in self.shell.state.descriptors
            else None
        )

    def sources(self, word: Word, *, deep: bool = False) -> tuple[str, ...]:
        """Return the files whose content a word stands for, as the sources of a copy."""
        if word.stream is not None or word.text in STDIN:
            return (word.stream or self.stdin).sources
        if (stream := self._opened(word)) is not None:
            return stream.sources
        return (self.shell.tree(word.text) if deep else self.shell.path(word.text),)


Handler = Callable[[Call], Stream]
