"""Parses the arguments of commands into flags, their values, and operands."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from allegiance.shell.budget import charge
from allegiance.shell.state import Word


@dataclass
class Options:
    """The arguments of a command, parsed.

    Attributes:
        pairs: Each option as it is written, without dashes, and its value or None.
        operands: The other arguments, in order.
    """

    pairs: list[tuple[str, Word | None]] = field(default_factory=list)
    operands: list[Word] = field(default_factory=list)

    def has(self, *names: str) -> bool:
        """Tell whether the command has at least one of some options."""
        return any(name in names for name, _ in self.pairs)

    def all(self, *names: str) -> list[Word]:
        """Return the values of some options."""
        return [value for name, value in self.pairs if name in names and value is not None]

    def get(self, *names: str) -> Word | None:
        """Return the last value of some options, or None if none has a value."""
        values = self.all(*names)
        return values[-1] if values else None


def parse_options(
    args: Sequence[Word], valued: str = "", *, single: bool = False, first: bool = False
) -> Options:
    """Parse arguments into options and operands.

    Args:
        args: The arguments.
        valued: The names of the options that take a value, separated by spaces.
        single: Whether a single dash begins a long name, as in ``openssl -in file``.
        first: Whether options end at the first operand, as in ``env -i command``.
    """
    names = valued.split()
    options, queue = Options(), deque(args)
    while queue:
        word = queue.popleft()
        text = word.text
        if text == "--":
            options.operands += queue
            break
        if not text.startswith("-") or text == "-":
            options.operands.append(word)
            if first:
                options.operands += queue
                break
        elif single or text.startswith("--"):
            name, equals, value = text.lstrip("-").partition("=")
            name = next(
                (n for n in names if len(n) > 1 and len(name) > 2 and n.startswith(name)), name
            )
            if equals:
                options.pairs.append((name, Word(value, word.known, word.sources)))
            else:
                takes = name in names and queue
                options.pairs.append((name, queue.popleft() if takes else None))
        else:
            _cluster(word, names, queue, options)
    return options


def _cluster(word: Word, names: list[str], queue: deque[Word], options: Options) -> None:
    charge(0, len(word.text))
    for end, letter in enumerate(word.text[1:], 2):
        if letter not in names:
            options.pairs.append((letter, None))
            continue
        rest = word.text[end:]
        value = Word(rest, word.known, word.sources) if rest else None
        options.pairs.append((letter, value or (queue.popleft() if queue else None)))
        return
