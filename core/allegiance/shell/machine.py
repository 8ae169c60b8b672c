"""The machine under the interpreter: its state, its file system, and the effects it collects.

Nothing here walks a syntax tree. Loops, redirections and programs ask a ``Machine`` to follow what
they contain; the interpreter is the machine that can.
"""

from __future__ import annotations

import posixpath
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from allegiance.effects import Effect, Verb
from allegiance.paths import split
from allegiance.shell import targets
from allegiance.shell.expansion import Expander
from allegiance.shell.state import NOTHING, ShellState, Stream, Word
from allegiance.shell.targets import UNKNOWN

if TYPE_CHECKING:
    from tree_sitter import Node

STEPS, DEPTH = 5_000, 48
"""How many commands are followed, and how deep they may nest."""


class Machine(ABC):
    """What a shell does below its syntax.

    Attributes:
        state: What the shell remembers from one command to the next.
        handlers: The handlers of programs by name.
        effects: The effects, in order and without repetition.
        opaque: Programs that run code which cannot be seen, as they were called.
        unknown: Programs that nothing is known of.
    """

    def __init__(self, state: ShellState, handlers: Mapping[str, Handler]) -> None:
        self.state = state
        self.handlers = handlers
        self.effects: dict[Effect, None] = {}
        self.opaque: dict[str, None] = {}
        self.unknown: dict[str, None] = {}
        self._steps = self._depth = 0

    @abstractmethod
    def follow(self, node: Node, stdin: Stream) -> Stream:
        """Follow a node of the syntax tree and return what it prints."""

    @abstractmethod
    def command(self, node: Node, stdin: Stream, extra: Sequence[Word] = ()) -> Stream:
        """Follow a command; ``extra`` are arguments that stand behind its redirections."""

    @abstractmethod
    def pipe(self, stages: Sequence[Node], stdin: Stream) -> Stream:
        """Follow a pipeline, each stage in a subshell."""

    @abstractmethod
    def inside(self, nodes: Sequence[Node], stdin: Stream) -> Stream:
        """Follow commands in a subshell."""

    @abstractmethod
    def script(self, source: str, stdin: Stream = NOTHING) -> Stream:
        """Follow a script given as a string, in the present state."""

    @abstractmethod
    def run(self, words: Sequence[Word], stdin: Stream = NOTHING) -> Stream:
        """Follow one command given as words."""

    def emit(
        self,
        verb: Verb,
        target: str,
        source: str | None = None,
        value: str | None = None,
        before: str | None = None,
    ) -> None:
        """Note an effect."""
        effect = Effect(verb=verb, target=target, source=source, value=value, before=before)
        self.effects[effect] = None

    def count_step(self) -> None:
        """Count one more command.

        Raises:
            ValueError: If there are too many.
        """
        self._steps += 1
        if self._steps > STEPS:
            raise ValueError("the shell command is too long to be followed")

    def expander(self) -> Expander:
        """Return what expands words in the present state."""
        return Expander(self.state, self.inside)

    def local(self, name: str) -> str:
        """Return what a path is in the file system that commands see: a directory to ``cd`` to."""
        state = self.state
        if name == "~" or name.startswith("~/"):
            home = state.variables.get("HOME")
            name = (home[0].text if home else "~") + name[1:]
        apart = name.startswith((UNKNOWN, "~")) or state.cwd in ("", ".")
        return targets.join("" if apart else state.cwd, name)

    def path(self, name: str) -> str:
        """Return the target that a path names in the present state."""
        state, target = self.state, self.local(name)
        if state.root:
            target = f"{state.root}/{target.lstrip('/')}"
        for link, aim in state.links.items():
            if target == link or target.startswith(f"{link}/"):
                target = aim + target[len(link) :]
        return f"{state.host}:{target}" if state.host else target

    def tree(self, name: str) -> str:
        """Return the target of a path that is taken with all that is below it."""
        target = self.path(name)
        host, path = split(target)
        bare = path.rstrip("/") or "/"
        start = self.state.start
        parts = bare.split("/")
        inside = start and (start == bare or start.startswith(f"{bare.rstrip('/')}/"))
        if path == UNKNOWN or path.endswith(f"/{UNKNOWN}"):
            return target
        if inside or set(parts) <= {".", "..", "~", ""}:
            path = UNKNOWN if bare == "." else f"{bare.rstrip('/')}/{UNKNOWN}"
            return f"{host}:{path}" if host else path
        return target.rstrip("/") + "/"

    def store(self, name: str, stream: Stream, *, append: bool = False) -> None:
        """Note that a stream ends in a file."""
        if name in ("/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty", "-", ""):
            return
        target = targets.remote(name) if "://" in name else None
        target = target or self.path(name)
        for source in stream.sources:
            self.emit("copy", target, source)
        if not stream.sources:
            whole = None if append else stream.text
            self.emit("write", target, value=whole)
            if stream.text is not None:
                kept = self.state.files.get(target, "") if append else ""
                self.state.files[target] = kept + stream.text

    def ended(self, stream: Stream) -> Stream:
        """Return what a shell has printed, or note that ``exec > file`` sent it elsewhere."""
        file = self.state.descriptors.pop("1", None)
        if file is None:
            return stream
        self.store(file, stream)
        return NOTHING

    @contextmanager
    def within(self, state: ShellState) -> Iterator[None]:
        """Follow the enclosed commands in another state, then return to the present one."""
        kept, self.state = self.state, state
        self._depth += 1
        if self._depth > DEPTH:
            raise ValueError("the shell command nests too deep to be followed")
        try:
            yield
        finally:
            self.state = kept
            self._depth -= 1


class Call:
    """One command with its arguments, as its handler sees it."""

    def __init__(self, shell: Machine, full: str, args: Sequence[Word], stdin: Stream) -> None:
        self.shell = shell
        self.full = full
        self.name = posixpath.basename(full)
        self.args = list(args)
        self.stdin = stdin

    def content(self, word: Word) -> Stream:
        """Return what the file that a word names holds; it is read."""
        if word.stream is not None:
            return word.stream
        if word.text in ("-", "/dev/stdin"):
            return self.stdin
        name = self.shell.path(word.text)
        self.shell.emit("read", name)
        return Stream(text=self.shell.state.files.get(name), sources=(name,))

    def sources(self, word: Word, *, deep: bool = False) -> tuple[str, ...]:
        """Return the files whose content a word brings in, as the source of a copy."""
        if word.stream is not None or word.text in ("-", "/dev/stdin"):
            return (word.stream or self.stdin).sources
        return (self.shell.tree(word.text) if deep else self.shell.path(word.text),)


Handler = Callable[[Call], Stream]
