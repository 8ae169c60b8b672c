"""The machine under the interpreter: its state, its file system, and the effects it collects.

This module does not walk the syntax tree. Loops, redirections and programs pass the nodes they
contain to a ``Machine``; the interpreter is the subclass that follows them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from allegiance.shell import targets
from allegiance.shell.budget import charge, check_path
from allegiance.shell.expansion import Expander
from allegiance.shell.later import later_code, service_effects
from allegiance.shell.state import (
    NOTHING,
    Outlets,
    Redirects,
    ShellState,
    Stream,
    Word,
    either,
    joined,
    numbered,
)
from allegiance.shell.syntax import parse
from allegiance.shell.targets import UNKNOWN
from allegiance.trace.effects import Effect, Verb
from allegiance.trace.paths import split

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
        opaque: Programs that run code which is not in the command, as they were called.
        unknown: Programs without a description.
        named: The words of opaque and unknown programs, and the code that they run.
        written: Targets of the files that the command line itself wrote, whatever they hold.
        collecting: The number of the output that is being collected, which commands return.
    """

    def __init__(self, state: ShellState, handlers: Mapping[str, Callable[..., Stream]]) -> None:
        self.state = state
        self.handlers = handlers
        self.effects: dict[Effect, None] = {}
        self.opaque: dict[str, None] = {}
        self.unknown: dict[str, None] = {}
        self.named: dict[str, None] = {}
        self.written: set[str] = set()
        self.collecting = 0
        self._collected: dict[int, list[Stream]] = {}
        self._steps = self._depth = self._collections = 0

    @abstractmethod
    def follow(self, node: Node, stdin: Stream) -> Stream:
        """Follow a node of the syntax tree and return what it prints."""

    @abstractmethod
    def command(self, node: Node, stdin: Stream, outer: Redirects | None = None) -> Stream:
        """Follow a command under its redirections; ``outer`` are those written around it."""

    @abstractmethod
    def pipe(self, stages: Sequence[Node], stdin: Stream) -> Stream:
        """Follow the stages of a pipeline, each in a subshell, and return the last one's output."""

    @abstractmethod
    def inside(self, nodes: Sequence[Node], stdin: Stream, *, piped: bool = True) -> Stream:
        """Follow commands in a subshell and return what they print."""

    @abstractmethod
    def script(self, source: str, stdin: Stream = NOTHING) -> Stream:
        """Follow a script given as a string, in the present state."""

    @abstractmethod
    def run(self, words: Sequence[Word], stdin: Stream = NOTHING) -> Stream:
        """Follow one command given as words."""

    @abstractmethod
    def leave(self) -> Stream:
        """Follow the traps of a shell that ends, or that redirects its output for good."""

    def emit(
        self,
        verb: Verb,
        target: str,
        source: str | None = None,
        value: str | None = None,
        before: str | None = None,
    ) -> None:
        """Add an effect."""
        check_path(target)
        charge(len(source or "") + len(value or "") + len(before or ""), 8)
        effect = Effect(verb=verb, target=target, source=source, value=value, before=before)
        self.effects[effect] = None
        if verb in ("copy", "move"):
            self._forget(target)
        for name in (target, source if verb == "move" else None):
            for change in service_effects(verb, name or "", value, self.state.host):
                self.effects[change] = None

    def note(
        self,
        label: str,
        words: Iterable[Word] = (),
        stream: Stream = NOTHING,
        *,
        known: bool = True,
    ) -> None:
        """Note code or a program that cannot be read, with the words and the text it gets.

        Args:
            label: How the program was called.
            words: What it may change or take away.
            stream: The code that it reads.
            known: Whether it is opaque code, not an unknown program.
        """
        (self.opaque if known else self.unknown)[label] = None
        texts = [word.text for word in words]
        texts += [stream.text or stream.partial, *stream.sources]
        charge(sum(map(len, texts)), len(texts))
        self.named.update(dict.fromkeys(text for text in texts if text))

    def rewrite(self, name: str) -> None:
        """Add the effect of a program that changes a file to something unknown."""
        self.emit("write", self.path(name))
        self._forget(self.path(name))

    def wrote(self, name: str) -> bool:
        """Tell whether the command line wrote the file, or a directory above it, before."""
        target = self.path(name)
        slashes = [index for index, char in enumerate(target) if char == "/"]
        return target in self.written or any(target[: n + 1] in self.written for n in slashes)

    def _forget(self, target: str) -> None:
        """Note that a file was written, and that what it holds now is not known."""
        self.written.add(target)
        self.state.files.pop(target, None)

    def count_step(self) -> None:
        """Count one more command.

        Raises:
            ValueError: If there are more than ``STEPS``.
        """
        self._steps += 1
        if self._steps > STEPS:
            raise ValueError("the shell command is too long to be followed")

    def expander(self) -> Expander:
        """Return the expander of words in the present state."""
        return Expander(self.state, self.inside)

    def local(self, name: str) -> str:
        """Return a path in the file system that commands see, from the working directory."""
        state = self.state
        if name == "~" or name.startswith("~/"):
            home = state.variables.get("HOME")
            name = (home[0].text if home else "~") + name[1:]
        apart = name.startswith((UNKNOWN, "~")) or state.cwd in ("", ".")
        return targets.join("" if apart else state.cwd, check_path(name))

    def path(self, name: str) -> str:
        """Return the target that a path names in the present state."""
        state, target = self.state, self.local(name)
        if state.root:
            target = f"{state.root}/{target.lstrip('/')}"
        charge(0, len(state.links))
        for link, aim in state.links.items():
            if target == link or target.startswith(f"{link}/"):
                target = aim + target[len(link) :]
        return f"{state.host}:{target}" if state.host else target

    def tree(self, name: str) -> str:
        """Return the target of a path together with everything below it."""
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
        """Add the effect of writing a stream to a file."""
        if name in ("/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty", "-", ""):
            return
        if (number := numbered(name)) and (outlets := self.state.descriptors.get(number)):
            self.deliver(stream, tuple(o for o in outlets if o != name))
            return
        target = targets.remote(name) if "://" in name else None
        target = target or self.path(name)
        old_text = self.state.files.get(target, "") if append else ""
        for source in stream.sources:
            self.emit("copy", target, source)
        if not stream.sources:
            self.emit("write", target, value=None if append else stream.text)
        self._forget(target)
        if stream.text is not None:
            charge(len(old_text) + len(stream.text))
            self.state.files[target] = old_text + stream.text
        for code in later_code(target, stream.text or stream.partial):
            self.follow_later(code)

    def follow_later(self, code: str) -> None:
        """Follow code that runs at another time; code in another language is noted."""
        try:
            tree = parse(code)
        except ValueError:
            self.note("code that runs later", [Word(code)])
            return
        with self.within(self.state.subshell()):
            self.follow(tree, NOTHING)

    def deliver(self, stream: Stream, outlets: Outlets, *, append: bool = True) -> Stream:
        """Send output wherever a descriptor may lead; return what the present collection gets."""
        rest: list[Stream] = []
        for outlet in outlets:
            if len(outlets) > 1:
                self.count_step()
            if outlet == self.collecting:
                rest.append(stream)
            elif isinstance(outlet, int):
                self._collected.get(outlet, []).append(stream)
            elif isinstance(outlet, str):
                self.store(outlet, stream, append=append)
            elif not isinstance(outlet, Stream):
                rest.append(self.inside(outlet.named_children, stream))
        return joined(rest)

    def receive(self, stdin: Stream, number: str = "0") -> Stream:
        """Return what a command reads from a descriptor, which ``exec`` may have opened."""
        streams = []
        for outlet in self.state.descriptors.get(number, (0,)):
            if isinstance(outlet, str):
                target = self.path(outlet)
                streams.append(Stream(text=self.state.files.get(target), sources=(target,)))
            elif isinstance(outlet, int):
                streams.append(stdin)
            elif isinstance(outlet, Stream):
                streams.append(outlet)
        return joined(streams)

    @contextmanager
    def collected(self) -> Iterator[list[Stream]]:
        """Collect what the enclosed commands print, separate from the outer collection.

        The list gets what reaches this collection from an inner one, for example through ``>&3``.
        """
        outer = self.collecting
        self._collections += 1
        pieces: list[Stream] = []
        self.collecting = self._collections
        self._collected[self.collecting] = pieces
        try:
            yield pieces
        finally:
            del self._collected[self.collecting]
            self.collecting = outer

    @contextmanager
    def perhaps(self) -> Iterator[None]:
        """Follow enclosed commands that may not run, so that both cases count afterwards."""
        charge(len(self.state.descriptors))
        before = dict(self.state.descriptors)
        yield
        self.state.descriptors = either([before, self.state.descriptors], self.collecting)

    @contextmanager
    def within(self, state: ShellState) -> Iterator[None]:
        """Follow the enclosed commands in another state, then return to the present one."""
        outer, self.state = self.state, state
        self._depth += 1
        if self._depth > DEPTH:
            raise ValueError("the shell command nests too deep to be followed")
        try:
            yield
        finally:
            self.state = outer
            self._depth -= 1
