"""Values inside a shell command: words, streams in pipes, redirections, the state of the shell."""

from __future__ import annotations

import copy
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from allegiance.shell.budget import charge
from allegiance.shell.targets import UNKNOWN

if TYPE_CHECKING:
    from tree_sitter import Node


@dataclass(frozen=True)
class Stream:
    """What a command prints or reads.

    Attributes:
        text: The exact text, if the command line itself contains it.
        sources: The files whose content is in the stream.
        names: The file names in the stream, if it is a list of names.
        partial: What of the text the command line contains, if it does not contain all.
    """

    text: str | None = None
    sources: tuple[str, ...] = ()
    names: tuple[str, ...] | None = None
    partial: str = ""

    def __post_init__(self) -> None:
        charge(
            len(self.text or "") + len(self.partial), 1 + len(self.sources) + len(self.names or ())
        )

    def words(self) -> list[str]:
        """Return the words of a stream as ``xargs`` reads them; unknown ones are a glob."""
        if self.names is not None:
            return list(self.names)
        if self.text is None:
            return [UNKNOWN]
        charge(len(self.text))
        if self.text.isascii() and not any(c in self.text for c in _SPECIAL):
            return self.text.split()  # faster than shlex, with the same result
        charge(8 * len(self.text))
        try:
            return shlex.split(self.text)
        except ValueError:
            return self.text.split()

    def lines(self) -> list[str] | None:
        """Return the lines of a stream, or None if they are unknown."""
        if self.names is not None:
            return list(self.names)
        charge(len(self.text or ""))
        return None if self.text is None else self.text.splitlines()


_SPECIAL = "'\"\\\v\f\x1c\x1d\x1e\x1f"

NOTHING = Stream(text="")
SOMETHING = Stream()


def joined(streams: Iterable[Stream]) -> Stream:
    """Return what several commands print one after the other."""
    parts = [s for s in streams if s != NOTHING]
    if len(parts) < 2:
        return parts[0] if parts else NOTHING
    texts = [s.text for s in parts if s.text is not None]
    whole = len(texts) == len(parts)
    names = [n for s in parts for n in s.names or ()]
    return Stream(
        text="".join(texts) if whole else None,
        partial="" if whole else "".join(s.text or s.partial for s in parts),
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
        text: The text; unknown parts are ``*``, or ``**`` at its beginning.
        known: Whether the text is exact.
        sources: The files whose content is part of the text.
        stream: What the file of this name holds, if the word is a process substitution.
    """

    text: str
    known: bool = True
    sources: tuple[str, ...] = ()
    stream: Stream | None = None

    def __post_init__(self) -> None:
        charge(len(self.text), 1 + len(self.sources))

    def split_into(self, texts: Sequence[str]) -> list[Word]:
        """Return a word for each part of the text; equal parts share one word."""
        words: dict[str, Word] = {}
        parts = []
        for text in texts:
            if text in words:
                charge(len(text), 1 + len(self.sources))  # as if it was built
            else:
                words[text] = Word(text, self.known, self.sources, self.stream)
            parts.append(words[text])
        return parts

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


def side_by_side(words: Sequence[Word]) -> Word:
    """Return words written side by side, as ``+`` does one by one."""
    if len(words) == 1:
        return words[0]
    texts: list[str] = []
    begun = False
    for word in words:
        text = word.text.replace(UNKNOWN, "*") if begun and not word.known else word.text
        texts.append(text)
        begun = begun or bool(text)
    return Word(
        "".join(texts),
        all(word.known for word in words),
        tuple(source for word in words for source in word.sources),
        next((word.stream for word in words if word.stream), None),
    )


Outlet: TypeAlias = "str | int | Stream | Node"
"""Where a descriptor leads: to a file (its name), an output that is being collected (its number),
the content of a file opened for reading, or a command that reads it, as in ``> >(command)``."""

Outlets: TypeAlias = tuple[Outlet, ...]


def either(tables: Iterable[Mapping[str, Outlets]], inherited: int) -> dict[str, Outlets]:
    """Return where descriptors may lead if any of several tables is in force.

    Args:
        tables: Outlets by the number of the descriptor.
        inherited: Where a number leads that is missing in a table.
    """
    tables = list(tables)
    charge(0, sum(1 + len(outlets) for table in tables for outlets in table.values()))
    numbers = dict.fromkeys(number for table in tables for number in table)
    return {
        number: tuple(dict.fromkeys(o for t in tables for o in t.get(number, (inherited,))))
        for number in numbers
    }


def numbered(name: str) -> str:
    """Return the number of the descriptor that a name like ``/dev/fd/3`` names, or ""."""
    head, _, number = name.rpartition("/")
    return number if head in ("/dev/fd", "/proc/self/fd") and number.isdigit() else ""


@dataclass
class Redirects:
    """The redirections of one command.

    Attributes:
        stdin: What the command reads, if that is redirected.
        outputs: For each redirected output: where it goes, whether it is appended, and whether
            only errors go there.
        extra: Arguments that are written after a redirection.
        stages: The rest of a pipeline that begins with a here-document.
        after: Commands that follow on the line of a here-document.
        opened: Where the numbers of descriptors lead while the command runs.
        permanent: Whether they lead there afterwards too, as after a bare ``exec``.
    """

    stdin: Stream | None = None
    outputs: list[tuple[Outlets, bool, bool]] = field(default_factory=list)
    extra: list[Word] = field(default_factory=list)
    stages: list[Node] = field(default_factory=list)
    after: list[Node] = field(default_factory=list)
    opened: dict[str, Outlets] = field(default_factory=dict)
    permanent: bool = False


@dataclass
class ShellState:
    """What a shell remembers from one command to the next.

    Attributes:
        cwd: The working directory, or an empty string if it is unknown.
        start: The working directory at the beginning, whose content is unknown.
        host: The host that commands run on, or an empty string for this host.
        root: The target that ``/`` stands for, in containers and under ``chroot``.
        variables: The values of variables; arrays have several.
        arguments: The positional parameters, or None if they are unknown.
        functions: The bodies of functions.
        aliases: The commands that aliases stand for.
        links: Where links that the command made lead.
        files: The text of files that the command has written, if it is known.
        descriptors: Where the numbers that ``exec`` has opened may lead; a number that is missing
            leads where it led when the shell began.
        traps: The code that runs at a signal, or when the shell ends.
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
    traps: tuple[str, ...] = ()

    def subshell(self) -> ShellState:
        """Return a copy for a subshell, which does not inherit traps."""
        twin = self.fork()
        twin.traps = ()
        return twin

    def fork(self) -> ShellState:
        """Return a copy for a subshell or a branch."""
        charge(len(self.variables) + len(self.functions) + len(self.descriptors))
        twin = copy.copy(self)
        twin.variables = dict(self.variables)
        twin.functions = dict(self.functions)
        twin.descriptors = dict(self.descriptors)
        return twin

    def meet(self, branches: Iterable[ShellState], inherited: int) -> None:
        """Keep what all branches agree on; the rest becomes unknown.

        A redirection that only some branches open may or may not be in force: both cases count.
        """
        states = list(branches)
        self.descriptors = either([s.descriptors for s in states], inherited)
        names = {name for s in states for name in s.variables}
        for name in names:
            values = {s.variables.get(name) for s in states}
            self.variables[name] = _common(values) or (Word(UNKNOWN, known=False),)
        self.functions.update({k: v for s in states for k, v in s.functions.items()})
        self.traps = merged(s.traps for s in states)
        places = {s.cwd for s in states}
        self.cwd = places.pop() if len(places) == 1 else UNKNOWN


def _common(values: set[tuple[Word, ...] | None]) -> tuple[Word, ...] | None:
    return next(iter(values)) if len(values) == 1 else None


def environment(variables: Mapping[str, str]) -> dict[str, tuple[Word, ...]]:
    """Convert environment variables to the form that a state keeps."""
    return {name: (Word(value),) for name, value in variables.items()}
