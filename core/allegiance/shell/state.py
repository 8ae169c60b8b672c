"""Values inside a shell command: words, what flows through pipes, and the state of the shell."""

from __future__ import annotations

import copy
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from allegiance.shell.targets import UNKNOWN

if TYPE_CHECKING:
    from tree_sitter import Node


@dataclass(frozen=True)
class Stream:
    """What a command prints or reads.

    Attributes:
        text: The very text, where the command itself says it.
        sources: The files whose content is in it.
        names: The file names that it lists, where it is such a list.
    """

    text: str | None = None
    sources: tuple[str, ...] = ()
    names: tuple[str, ...] | None = None

    def words(self) -> list[str]:
        """Return the words of a stream as ``xargs`` reads them, unknown ones as a glob."""
        if self.names is not None:
            return list(self.names)
        if self.text is None:
            return [UNKNOWN]
        try:
            return shlex.split(self.text)
        except ValueError:
            return self.text.split()

    def lines(self) -> list[str] | None:
        """Return the lines of a stream, None where they are unknown."""
        if self.names is not None:
            return list(self.names)
        return None if self.text is None else self.text.splitlines()


NOTHING = Stream(text="")
SOMETHING = Stream()


def joined(streams: Iterable[Stream]) -> Stream:
    """Return what several commands print one after the other."""
    parts = [s for s in streams if s != NOTHING]
    if len(parts) < 2:
        return parts[0] if parts else NOTHING
    texts = [s.text for s in parts if s.text is not None]
    names = [n for s in parts for n in s.names or ()]
    return Stream(
        text="".join(texts) if len(texts) == len(parts) else None,
        sources=merged(s.sources for s in parts),
        names=tuple(names) if all(s.names is not None for s in parts) else None,
    )


def merged(groups: Iterable[Iterable[str]]) -> tuple[str, ...]:
    """Return the distinct members of groups in order."""
    return tuple(dict.fromkeys(member for group in groups for member in group))


@dataclass(frozen=True)
class Word:
    """One argument of a command.

    Attributes:
        text: Its text; parts that cannot be known are ``*``, or ``**`` where they begin it.
        known: Whether the text is exact.
        sources: The files whose content is part of the text.
        stream: What the file of this name holds, where the word is a process substitution.
    """

    text: str
    known: bool = True
    sources: tuple[str, ...] = ()
    stream: Stream | None = None

    def __add__(self, other: Word) -> Word:
        """Return the two words written side by side."""
        text = other.text
        if not other.known and self.text:
            text = text.replace(UNKNOWN, "*")
        return Word(
            self.text + text,
            self.known and other.known,
            self.sources + other.sources,
            self.stream or other.stream,
        )


Outlet: TypeAlias = "str | int | Stream | Node"
"""Where a descriptor leads: a file by name, the output that is being collected under a number, the
content of something opened for reading, or a command that is piped to, as in ``> >(command)``."""

Outlets: TypeAlias = tuple[Outlet, ...]


def either(tables: Iterable[Mapping[str, Outlets]], inherited: int) -> dict[str, Outlets]:
    """Return where descriptors may lead if one of several tables is in force.

    Args:
        tables: Outlets by the number of the descriptor.
        inherited: What a number leads to that a table does not have.
    """
    tables = list(tables)
    numbers = dict.fromkeys(number for table in tables for number in table)
    return {
        number: tuple(dict.fromkeys(o for t in tables for o in t.get(number, (inherited,))))
        for number in numbers
    }


@dataclass
class ShellState:
    """What a shell remembers from one command to the next.

    Attributes:
        cwd: The working directory, empty where it is unknown.
        start: The working directory at the beginning, whose content is unknown.
        host: The host that commands run on, empty for this one.
        root: Where ``/`` is, for containers and ``chroot``.
        variables: The values of variables; arrays have several.
        arguments: The positional parameters, None where they are unknown.
        functions: The bodies of functions.
        aliases: What names were made to stand for.
        links: Where links made by the command lead.
        files: The texts of files that the command has written.
        descriptors: Where the numbers that ``exec`` has opened may lead; a number that is missing
            leads where it led when the shell began.
    """

    cwd: str = ""
    start: str = ""
    host: str = ""
    root: str = ""
    variables: dict[str, tuple[Word, ...]] = field(default_factory=dict)
    arguments: tuple[Word, ...] | None = None
    functions: dict[str, Node] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    descriptors: dict[str, Outlets] = field(default_factory=dict)

    def fork(self) -> ShellState:
        """Return a copy for a subshell or one of several branches."""
        twin = copy.copy(self)
        twin.variables = dict(self.variables)
        twin.functions = dict(self.functions)
        twin.descriptors = dict(self.descriptors)
        return twin

    def meet(self, branches: Iterable[ShellState], inherited: int) -> None:
        """Take what all branches agree on; the rest becomes unknown.

        A redirection that only some branches open may be in force afterwards, or not: both count.
        """
        states = list(branches)
        self.descriptors = either([s.descriptors for s in states], inherited)
        names = {name for s in states for name in s.variables}
        for name in names:
            values = {s.variables.get(name) for s in states}
            self.variables[name] = _one(values) or (Word(UNKNOWN, known=False),)
        self.functions.update({k: v for s in states for k, v in s.functions.items()})
        places = {s.cwd for s in states}
        self.cwd = places.pop() if len(places) == 1 else UNKNOWN


def _one(values: set[tuple[Word, ...] | None]) -> tuple[Word, ...] | None:
    return next(iter(values)) if len(values) == 1 else None


def environment(variables: Mapping[str, str]) -> dict[str, tuple[Word, ...]]:
    """Return variables given as text in the form that a state keeps them."""
    return {name: (Word(value),) for name, value in variables.items()}
