"""The options of programs: parsed as GNU getopt does, with its error messages."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from allegiance.shell.budget import charge


class UsageError(ValueError):
    """The arguments of a program are wrong; the message is what it prints."""


@dataclass
class Options:
    """The arguments of a program.

    Attributes:
        pairs: Each option by its first name, and its value, in order.
        operands: The other arguments.
    """

    pairs: list[tuple[str, str]] = field(default_factory=list)
    operands: list[str] = field(default_factory=list)

    def has(self, *names: str) -> bool:
        """Tell whether at least one of some options is present."""
        return any(name in names for name, _ in self.pairs)

    def get(self, name: str, default: str = "") -> str:
        """Return the last value of an option."""
        return next((value for key, value in reversed(self.pairs) if key == name), default)

    def all(self, name: str) -> list[str]:
        """Return every value of an option."""
        return [value for key, value in self.pairs if key == name]

    def last(self, *names: str) -> str:
        """Return the name of the last of some options, or an empty string."""
        return next((key for key, _ in reversed(self.pairs) if key in names), "")

    def number(self, name: str, default: int, what: str) -> int:
        """Return the value of an option that is a number.

        Raises:
            UsageError: If it is not a number; ``what`` begins the message.
        """
        value = self.get(name, str(default))
        if not value.lstrip("+-").isascii() or not value.lstrip("+-").isdigit() or len(value) > 18:
            raise UsageError(f"{what}: '{value}'")
        return int(value)


def parse_options(args: Sequence[str], names: str, *, first: bool = False) -> Options:
    """Parse the arguments of a program.

    Args:
        args: The arguments.
        names: What options there are, separated by spaces: ``r,recursive n,lines=`` has ``-r``,
            ``--recursive`` and ``-n 3``; ``=?`` marks a value that may be missing.
        first: Whether options end at the first operand.

    Raises:
        UsageError: If an option is not known, or has no value.
    """
    known = _known(names)
    options, queue = Options(), deque(args)
    while queue:
        arg = queue.popleft()
        if arg == "--":
            options.operands += queue
            break
        if arg == "-" or not arg.startswith("-"):
            options.operands.append(arg)
            if first:
                options.operands += queue
                break
        elif arg.startswith("--"):
            _long(arg, known, queue, options)
        else:
            _cluster(arg, known, queue, options)
    return options


def _known(names: str) -> dict[str, tuple[str, str]]:
    """Return the first name and the kind of value of each option, by every name of it."""
    known = {}
    for item in names.split():
        spelt, equals, rest = item.partition("=")
        first, *_ = aliases = spelt.split(",")
        known.update(dict.fromkeys(aliases, (first, equals + rest)))
    return known


def _long(arg: str, known: dict[str, tuple[str, str]], queue: deque[str], options: Options) -> None:
    name, equals, value = arg[2:].partition("=")
    candidates = [n for n in known if len(n) > 1 and n.startswith(name)]
    firsts = {known[n][0] for n in candidates}
    if name not in known and len(firsts) != 1:
        if firsts:
            display = " ".join(f"'--{n}'" for n in candidates)
            raise UsageError(f"option '{arg}' is ambiguous; possibilities: {display}")
        raise UsageError(f"unrecognized option '{arg}'")
    full = name if name in known else candidates[0]
    first, kind = known[full]
    if equals and not kind:
        raise UsageError(f"option '--{full}' doesn't allow an argument")
    if kind == "=" and not equals:
        if not queue:
            raise UsageError(f"option '--{full}' requires an argument")
        value = queue.popleft()
    options.pairs.append((first, value))


def _cluster(
    arg: str, known: dict[str, tuple[str, str]], queue: deque[str], options: Options
) -> None:
    charge(0, len(arg))
    for end, letter in enumerate(arg[1:], 2):
        if letter not in known:
            raise UsageError(f"invalid option -- '{letter}'")
        first, kind = known[letter]
        if not kind:
            options.pairs.append((first, ""))
            continue
        rest = arg[end:]
        if kind == "=" and not rest:
            if not queue:
                raise UsageError(f"option requires an argument -- '{letter}'")
            rest = queue.popleft()
        options.pairs.append((first, rest))
        return
