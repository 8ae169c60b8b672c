"""Runs a script of sed over lines."""

from __future__ import annotations

from dataclasses import dataclass, field

from allegiance.shell.budget import charge
from allegiance.terminal.programs._sed_commands import Address, Command, SedError
from allegiance.terminal.regex import Match, Regex


@dataclass
class Line:
    """A line that was read, and whether it is the last one."""

    text: str
    ended: bool
    last: bool


@dataclass
class Run:
    """The state of a script that runs over lines."""

    commands: list[Command]
    quiet: bool
    lines: list[Line]
    place: int = 0
    number: int = 0
    pattern: str = ""
    hold: str = ""
    ended: bool = True
    out: list[str] = field(default_factory=list)
    later: list[str] = field(default_factory=list)
    replaced: bool = False
    code: int | None = None
    last_regex: Regex | None = None

    def emit(self, text: str, *, ended: bool = True) -> None:
        """Print a line; only the last line of the input may have no end."""
        charge(len(text), 1)
        if self.out and not self.out[-1].endswith("\n"):
            self.out[-1] += "\n"
        self.out.append(text + "\n" * ended)

    def run(self) -> None:
        """Run the script over all lines."""
        restart = False
        while restart or self.place < len(self.lines):
            if not restart:
                self.read()
            restart = self.cycle()
            if self.code is not None:
                return

    def read(self) -> None:
        """Read the next line."""
        line = self.lines[self.place]
        self.pattern, self.ended = line.text, line.ended
        self.place += 1
        self.number += 1
        self.replaced = False

    @property
    def at_last(self) -> bool:
        """Whether the present line is the last one."""
        return self.lines[self.place - 1].last

    def flush(self) -> None:
        """Print what ``a`` has put off to the end of the line."""
        for text in self.later:
            self.emit(text.removesuffix("\n"))
        self.later = []

    def finish(self) -> None:
        """End a cycle: print the line unless ``-n``."""
        if not self.quiet:
            self.emit(self.pattern, ended=self.ended)
        self.flush()

    def cycle(self) -> bool:
        """Run the script over one line; tell whether it begins again without a new one."""
        index = steps = 0
        while index < len(self.commands):
            steps += 1
            charge(20 + len(self.pattern) // 64)
            command = self.commands[index]
            index += 1
            if not self.selected(command):
                if command.name == "{":
                    index = command.target + 1
                continue
            if command.name in "btT":
                if command.name == "b" or self.replaced == (command.name == "t"):
                    index = command.target
                if command.name != "b":
                    self.replaced = False
                continue
            ending = self.do(command)
            if ending == "restart":
                return True
            if ending == "next":
                return False
            if ending == "end":
                break
        self.finish()
        return False

    def do(self, command: Command) -> str:
        """Run one command; return how the cycle ends, or an empty string."""
        name = command.name
        if name == "s":
            self.substitute(command)
        elif name == "y":
            self.pattern = self.pattern.translate(command.table)
        elif name in "pP":
            self.emit(self.pattern if name == "p" else self.pattern.partition("\n")[0])
        elif name == "=":
            self.emit(str(self.number))
        elif name == "l":
            self.emit(_visible(self.pattern))
        elif name == "i":
            self.emit(command.text.removesuffix("\n"))
        elif name == "a":
            self.later.append(command.text)
        elif name in "hHgGx":
            self.exchange(name)
        else:
            return self.end(command)
        return ""

    def end(self, command: Command) -> str:
        """Run a command that may end the cycle."""
        name = command.name
        if name == "d" or (name == "D" and "\n" not in self.pattern):
            self.flush()
            return "next"
        if name == "D":
            self.pattern = self.pattern.partition("\n")[2]
            return "restart"
        if name == "c":
            open_range = command.end is not None and command.active and not command.negated
            if not open_range:
                self.emit(command.text.removesuffix("\n"))
            self.flush()
            return "next"
        if name in "qQ":
            self.code = command.number
            if name == "q":
                self.finish()
            return "next"
        if name in "nN":
            return self.advance(name)
        return ""

    def advance(self, name: str) -> str:
        if self.place >= len(self.lines):
            if name == "n" or not self.quiet:
                self.finish() if name == "N" or not self.quiet else self.flush()
            self.code = 0
            return "next"
        if name == "n":
            self.finish()
            self.read()
        else:
            before = self.pattern
            replaced = self.replaced
            self.flush()
            self.read()
            charge(len(before))
            self.pattern, self.replaced = f"{before}\n{self.pattern}", replaced
        return ""

    def exchange(self, name: str) -> None:
        """Copy between the pattern space and the hold space."""
        charge(len(self.pattern) + len(self.hold))
        if name == "h":
            self.hold = self.pattern
        elif name == "H":
            self.hold += f"\n{self.pattern}"
        elif name == "g":
            self.pattern = self.hold
        elif name == "G":
            self.pattern += f"\n{self.hold}"
        else:
            self.pattern, self.hold = self.hold, self.pattern

    def substitute(self, command: Command) -> None:
        regex = self.remembered(command.regex)
        pieces: list[str] = []
        position, count = 0, 0
        for match in regex.matches_in(self.pattern):
            count += 1
            if count < command.number:
                continue
            pieces += [self.pattern[position : match.start], _filled(command.parts, match)]
            position = match.end
            if "g" not in command.flags:
                break
        if not pieces:
            return
        self.pattern = "".join([*pieces, self.pattern[position:]])
        charge(len(self.pattern))
        self.replaced = True
        if "p" in command.flags:
            self.emit(self.pattern)

    def remembered(self, regex: Regex | None) -> Regex:
        """Return an expression; an empty one stands for the last one that was used."""
        self.last_regex = regex or self.last_regex
        if self.last_regex is None:
            raise SedError("-e expression #1, char 0: no previous regular expression")
        return self.last_regex

    def selected(self, command: Command) -> bool:
        """Tell whether a command is for the present line."""
        if command.start is None:
            return not command.negated
        if command.end is None:
            return self.hits(command.start) != command.negated
        return self.in_range(command, command.start, command.end) != command.negated

    def in_range(self, command: Command, start: Address, end: Address) -> bool:
        if command.active:
            if command.until:
                command.active = self.number < command.until
                return self.number <= command.until
            command.active = not self.hits(end)
            return True
        zero = start.kind == "line" and start.first == 0 and self.number == 1
        if not zero and not self.hits(start):
            return False
        command.until = {
            "line": end.first,
            "plus": self.number + end.first,
            "multiple": -(-self.number // max(end.first, 1)) * end.first,
        }.get(end.kind, 0)
        if zero and end.kind == "regex":
            command.active = not self.hits(end)
        elif end.kind in ("line", "plus", "multiple"):
            command.active = self.number < command.until
            command.until = command.until or 1
        else:
            command.active = not (end.kind == "last" and self.at_last)
        return True

    def hits(self, address: Address) -> bool:
        if address.kind == "line":
            return self.number == address.first
        if address.kind == "last":
            return self.at_last
        if address.kind == "step":
            if address.step <= 0:
                return self.number == address.first
            past = self.number - address.first
            return past >= 0 and past % address.step == 0
        return self.remembered(address.regex).search(self.pattern) is not None


def _visible(text: str) -> str:
    """Return a line as ``l`` shows it."""
    for char, display in (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n")):
        text = text.replace(char, display)
    return f"{text}$"


def _filled(parts: list[str | int], match: Match) -> str:
    """Return what is put in for a match."""
    pieces: list[str] = []
    case = once = ""
    for part in parts:
        if isinstance(part, int) and part < 0:
            letter = chr(-part)
            case, once = (case, letter) if letter in "ul" else (letter, once)
            continue
        text = match.group(part) if isinstance(part, int) else part
        text = text.upper() if case == "U" else text.lower() if case == "L" else text
        if once and text:
            text = (text[0].upper() if once == "u" else text[0].lower()) + text[1:]
            once = ""
        pieces.append(text)
    charge(sum(len(piece) for piece in pieces))
    return "".join(pieces)
