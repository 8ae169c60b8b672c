"""The scripts of sed, parsed into commands."""

from __future__ import annotations

from allegiance.reading import check_length, reads_text
from allegiance.terminal.programs._sed_commands import (
    Address,
    Command,
    SedError,
    replacement,
    unescaped,
)
from allegiance.terminal.regex import Regex
from allegiance.terminal.regex_steps import RegexError

LONGEST_SCRIPT = 20_000
"""The longest script, in characters."""

_COMMANDS = "{}spdqQaicy=nNDPhHgGxbtTlrw:"


@reads_text("s/a/b/;", "/", "\\", "{", "}", "1,", "y/a/b/", "[", limit=LONGEST_SCRIPT)
def parse_script(script: str, *, extended: bool = False) -> list[Command]:
    """Return the commands of a script.

    Raises:
        SedError: If the script is wrong.
        TooLong: If it is longer than ``LONGEST_SCRIPT``.
    """
    check_length(script, LONGEST_SCRIPT)
    try:
        return _Parser(script, extended=extended).commands()
    except RegexError as error:
        raise SedError(f"-e expression #1, char {len(script)}: {error}") from None


class _Parser:
    def __init__(self, script: str, *, extended: bool) -> None:
        self.script = script
        self.extended = extended
        self.place = 0
        self.list: list[Command] = []

    def fail(self, what: str) -> SedError:
        return SedError(f"-e expression #1, char {self.place}: {what}")

    def commands(self) -> list[Command]:
        blocks: list[int] = []
        while self.skip(" \t\n;"):
            if self.script[self.place] == "#":
                end = self.script.find("\n", self.place)
                self.place = end if end >= 0 else len(self.script)
                continue
            command = self.command()
            if command.name == "{":
                blocks.append(len(self.list))
            elif command.name == "}":
                if not blocks:
                    raise self.fail("unexpected `}'")
                self.list[blocks.pop()].target = len(self.list)
            self.list.append(command)
        if blocks:
            raise SedError("-e expression #1, char 0: unmatched `{'")
        labels = {c.text: i for i, c in enumerate(self.list) if c.name == ":"}
        for command in self.list:
            if command.name in "btT":
                if command.text and command.text not in labels:
                    raise SedError(
                        f"-e expression #1, char {self.place}: can't find label for jump "
                        f"to `{command.text}'"
                    )
                command.target = labels.get(command.text, len(self.list))
        return self.list

    def skip(self, chars: str) -> bool:
        """Skip characters; tell whether anything follows."""
        while self.place < len(self.script) and self.script[self.place] in chars:
            self.place += 1
        return self.place < len(self.script)

    def command(self) -> Command:
        start = self.address(first=True)
        end = None
        if start is not None and self.skip(" \t") and self.script[self.place] == ",":
            self.place += 1
            self.skip(" \t")
            end = self.address(first=False)
            if end is None:
                raise self.fail("unexpected `,'")
        self.skip(" \t")
        negated = False
        while self.script.startswith("!", self.place):
            negated = True
            self.place += 1
            self.skip(" \t")
        name = self.script[self.place : self.place + 1]
        self.place += 1
        if not name:
            raise self.fail("missing command")
        if name not in _COMMANDS:
            raise self.fail(f"unknown command: `{name}'")
        command = Command(name, start, end, negated)
        self.rest(command)
        return command

    def rest(self, command: Command) -> None:
        """Read what follows the letter of a command."""
        if command.name == "s":
            self.substitution(command)
        elif command.name == "y":
            sign = self.script[self.place : self.place + 1]
            self.place += 1
            pieces = [unescaped(self.delimited(sign, regex=False)) for _ in range(2)]
            if len(pieces[0]) != len(pieces[1]):
                raise self.fail("strings for `y' command are different lengths")
            command.table = {ord(a): ord(b) for a, b in zip(*pieces, strict=True)}
        elif command.name in "aic":
            self.text(command)
        elif command.name in ":btTrw":
            stops = {"r": "\n", "w": "\n", ":": "\n;"}.get(command.name, "\n;}")
            self.skip(" \t")
            begin = self.place
            while self.place < len(self.script) and self.script[self.place] not in stops:
                self.place += 1
            command.text = self.script[begin : self.place].strip()
        elif command.name in "qQ":
            self.skip(" \t")
            command.number = self.digits(0)
        ends = command.name in "{:}aicrw" or not self.skip(" \t")
        if not ends and self.script[self.place] not in ";\n}#":
            raise self.fail("extra characters after command")

    def text(self, command: Command) -> None:
        """Read the text of ``a``, ``i`` and ``c``, on one line or behind a backslash."""
        self.skip(" \t")
        if self.script.startswith("\\", self.place):
            self.place += 1
            if self.script.startswith("\n", self.place):
                self.place += 1
            else:
                self.skip(" \t")
        elif self.place >= len(self.script):
            raise self.fail("expected \\ after `a', `c' or `i'")
        pieces: list[str] = []
        while self.place < len(self.script) and self.script[self.place] != "\n":
            if self.script[self.place] == "\\":
                self.place += 1
            pieces.append(self.script[self.place : self.place + 1])
            self.place += 1
        command.text = "".join(pieces) + "\n"

    def digits(self, default: int) -> int:
        begin = self.place
        while self.place < len(self.script) and self.script[self.place] in "0123456789":
            self.place += 1
        if self.place - begin > 9:
            raise self.fail("number is too large")
        return int(self.script[begin : self.place] or default)

    def address(self, *, first: bool) -> Address | None:
        char = self.script[self.place : self.place + 1]
        if char and char in "0123456789":
            number = self.digits(0)
            if self.script.startswith("~", self.place):
                self.place += 1
                return Address("step", number, self.digits(0))
            return Address("line", number)
        if char == "$":
            self.place += 1
            return Address("last")
        if char in ("+", "~") and not first:
            self.place += 1
            return Address("plus" if char == "+" else "multiple", self.digits(0))
        if char in ("/", "\\"):
            self.place += 2 if char == "\\" else 1
            sign = self.script[self.place - 1]
            pattern = self.delimited(sign, regex=True)
            fold = self.script.startswith("I", self.place)
            self.place += fold
            regex = Regex(pattern, extended=self.extended, fold=fold) if pattern else None
            return Address("regex", regex=regex)
        return None

    def delimited(self, sign: str, *, regex: bool) -> str:
        """Return what comes before the next delimiter, which may be escaped inside."""
        pieces: list[str] = []
        in_set = False
        while self.place < len(self.script):
            char = self.script[self.place]
            after = self.script[self.place + 1 : self.place + 2]
            self.place += 1
            if char == "\\" and after:
                self.place += 1
                pieces.append(after if after == sign and not regex else _kept(after, sign))
                continue
            if char == sign and not in_set:
                return "".join(pieces)
            if regex and char == "[" and not in_set:
                in_set = True
                for extra in ("^", "]"):
                    if self.script.startswith(extra, self.place):
                        self.place += 1
                        char += extra
            elif char == "]":
                in_set = False
            pieces.append(char)
        raise self.fail("unterminated `s' command" if sign else "unterminated address regex")

    def substitution(self, command: Command) -> None:
        sign = self.script[self.place : self.place + 1]
        self.place += 1
        if not sign or sign in "\n\\":
            raise self.fail("unterminated `s' command")
        pattern = self.delimited(sign, regex=True)
        command.parts = replacement(self.raw(sign))
        number = ""
        while self.place < len(self.script) and self.script[self.place] in "gpiIeMm0123456789":
            char = self.script[self.place]
            number += char if char.isdigit() else ""
            command.flags += char
            self.place += 1
        command.number = int(number[:6] or 1)
        fold = "i" in command.flags.lower()
        command.regex = Regex(pattern, extended=self.extended, fold=fold) if pattern else None
        groups = max((p for p in command.parts if isinstance(p, int)), default=0)
        if command.regex is not None and groups > command.regex.groups:
            raise self.fail(f"invalid reference \\{groups} on `s' command's RHS")

    def raw(self, sign: str) -> str:
        """Return the text up to a delimiter with its backslashes, except in front of it."""
        pieces: list[str] = []
        while self.place < len(self.script):
            char = self.script[self.place]
            self.place += 1
            if char == sign:
                return "".join(pieces)
            if char == "\\":
                after = self.script[self.place : self.place + 1]
                self.place += 1
                char = after if after == sign and sign != "&" else char + after
            pieces.append(char)
        raise self.fail("unterminated `s' command")


def _kept(char: str, sign: str) -> str:
    """Return an escaped character of an expression; the delimiter itself loses its backslash."""
    if char == sign:
        return char
    return "\n" if char == "n" else f"\\{char}"
