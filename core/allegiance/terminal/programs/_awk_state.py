"""What a program of awk works on: its variables, its input, and where its output goes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from allegiance.reading import reads_text
from allegiance.shell.budget import charge
from allegiance.terminal.call import Call
from allegiance.terminal.files import FileError
from allegiance.terminal.programs._awk_lexer import AwkError
from allegiance.terminal.programs._awk_parser import Program
from allegiance.terminal.programs._awk_records import Record, Source, split_by, split_text
from allegiance.terminal.programs._awk_values import InputText, Value, to_number, to_text
from allegiance.terminal.regex import Regex
from allegiance.terminal.regex_steps import RegexError
from allegiance.terminal.streams import Buffer, Input, Text

Array = dict[str, Value]
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=")
_ESCAPED = re.compile(r"\\([\\\"/abfnrtv])")
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_IN_REGEX = re.compile(r"\\([ntr/\"&])")
_STANDARD = ("-", "/dev/stdout")


class Jump(Exception):
    """Leaves a loop, a function, a record or the program.

    Attributes:
        kind: ``break``, ``continue``, ``next``, ``nextfile``, ``return`` or ``exit``.
        value: What a function returns.
    """

    def __init__(self, kind: str, value: Value = None) -> None:
        super().__init__(kind)
        self.kind = kind
        self.value = value


@reads_text("\\", "\\n", "\\\\", "a", limit=None)
def unescaped(text: str) -> str:
    """Return a value of the command line with its escapes resolved."""
    charge(len(text))
    return _ESCAPED.sub(lambda match: _LETTERS.get(match[1], match[1]), text)


class State:
    """The variables, the input and the output of a program.

    Args:
        call: The call of awk.
        program: The program.
        operands: Files and assignments, in the order of the command line.
    """

    def __init__(self, call: Call, program: Program, operands: Sequence[str]) -> None:
        self.call = call
        self.program = program
        self.globals: dict[str, Value | Array] = {
            "FS": " ",
            "OFS": " ",
            "ORS": "\n",
            "RS": "\n",
            "SUBSEP": "\x1c",
            "CONVFMT": "%.6g",
            "OFMT": "%.6g",
            "NR": 0.0,
            "FNR": 0.0,
            "RSTART": 0.0,
            "RLENGTH": -1.0,
            "ENVIRON": self._environment(),
            "ARGC": float(len(operands) + 1),
            "ARGV": {str(n): InputText(arg) for n, arg in enumerate(("awk", *operands))},
        }
        self.frames: list[dict[str, Value | Array]] = []
        self.record = Record()
        self.output = Buffer()
        self.status = 0
        self.read_files: list[Text] = []
        self._source: Source | None = None
        self._operands: list[str] | None = None
        self._used = False
        self._readers: dict[str, Source | None] = {}
        self._files: dict[str, Buffer] = {}
        self._pipes: dict[str, Buffer] = {}
        self._regexes: dict[str, Regex] = {}

    def _environment(self) -> Array:
        shell = self.call.shell
        return {name: InputText(shell.value(name) or "") for name in sorted(shell.exported)}

    # --- variables

    def text(self, value: Value) -> str:
        """Return a value as a string."""
        return to_text(value, str(self.globals["CONVFMT"]))

    def text_of(self, name: str) -> str:
        """Return a variable of the program as a string."""
        value = self.globals.get(name)
        return "" if isinstance(value, dict) else self.text(value)

    def regex(self, pattern: str) -> Regex:
        """Return a compiled expression.

        Raises:
            AwkError: If it is wrong.
        """
        if (regex := self._regexes.get(pattern)) is None:
            plain = _IN_REGEX.sub(lambda match: _LETTERS.get(match[1], match[1]), pattern)
            try:
                regex = Regex(plain, extended=True)
            except RegexError as error:
                raise AwkError(f"regular expression compile failed ({error})") from None
            charge(len(pattern), 4)
            self._regexes[pattern] = regex
        return regex

    def split(self, text: str) -> list[str]:
        """Return the fields of a record."""
        separator = self.text_of("FS")
        if not self.text_of("RS") and separator not in (" ", "\n"):
            return split_by(
                text, self.regex(f"\n|{separator if len(separator) > 1 else f'[{separator}]'}")
            )
        return split_text(text, separator, self.regex)

    def record_text(self) -> str:
        """Return the present record."""
        return self.record.text(self.text_of("OFS"))

    # --- input

    def read_record(self) -> bool:
        """Read the next record of the input; tell whether there was one."""
        text = self.next_record()
        if text is None:
            return False
        self.record.set_text(text)
        return True

    def next_record(self) -> str | None:
        """Return the next record of the input, which counts, or None at its end."""
        while True:
            if self._source is None and not self._open():
                return None
            assert self._source is not None
            text = self._source.record(self.text_of("RS"), self.regex)
            if text is not None:
                for name in ("NR", "FNR"):
                    self.globals[name] = self.counted(name) + 1
                return text
            self._source = None

    def counted(self, name: str) -> float:
        """Return a number that the program keeps."""
        value = self.globals[name]
        return 0.0 if isinstance(value, dict) else to_number(value)

    def skip_file(self) -> None:
        """Go on with the next file."""
        self._source = None

    def _open(self) -> bool:
        """Open the next file; assignments on the way to it come about."""
        if self._operands is None:
            argv = self.globals["ARGV"]
            count = int(self.counted("ARGC"))
            names = argv if isinstance(argv, dict) else {}
            self._operands = [to_text(names.get(str(n))) for n in range(1, min(count, 10_000))]
        while self._operands:
            operand = self._operands.pop(0)
            if name := _ASSIGNMENT.match(operand):
                self.globals[name[1]] = InputText(unescaped(operand[name.end() :]))
            elif operand:
                self._take(operand)
                return True
        if self._used:
            return False
        self._take("-")
        return True

    def _take(self, path: str) -> None:
        self._used = True
        self.globals["FILENAME"] = "" if path == "-" else path
        self.globals["FNR"] = 0.0
        try:
            content = self.call.read(path)
        except FileError as error:
            raise AwkError(f"cannot open {path} ({error})") from None
        self.read_files.append(content)
        self._source = Source(content.text)

    def read_line(self, kind: str, name: str) -> tuple[int, str]:
        """Return whether a file or a command has another line, and the line; -1 for no file."""
        if name not in self._readers:
            self._readers[name] = self._reader(kind, name)
        source = self._readers[name]
        if source is None:
            return -1, ""
        text = source.record(self.text_of("RS"), self.regex)
        return (0, "") if text is None else (1, text)

    def _reader(self, kind: str, name: str) -> Source | None:
        if kind == "|":
            self.flush()
            return Source(self.run_command(name, capture=True))
        try:
            return Source(self.call.read(name).text)
        except FileError:
            return None

    # --- output

    def redirect(self, text: str, sign: str, name: str) -> None:
        """Write to a file or a command that the program names."""
        if sign == "|":
            self._pipes.setdefault(name, Buffer()).write(text)
        elif name in _STANDARD:
            self.output.write(text)
        elif name == "/dev/stderr":
            self.call.shell.outputs[2].write(text)
        elif name != "/dev/null":
            if name not in self._files:
                self._files[name] = Buffer()
                self._start(name, append=sign == ">>")
            self._files[name].write(text)

    def _start(self, name: str, *, append: bool) -> None:
        try:
            place = self.call.place(name)
            if append and self.call.status(name) is not None:
                self._files[name].write(self.call.content(name).text)
            self.call.files.check_write(place)
        except FileError as error:
            raise AwkError(f'cannot open "{name}" for output ({error})') from None

    def flush(self) -> None:
        """Print what was written to the standard output."""
        content, self.output = self.output.content(), Buffer()
        whole = [file for file in self.read_files if file.text == content.text]
        self.call.print(content.text, whole[0].origin if len(whole) == 1 else None)

    def close(self, name: str) -> int:
        """Close a file or a command and return 0, or -1 if none of this name was open."""
        if name in self._pipes:
            text = self._pipes.pop(name).content().text
            self.flush()
            self.run_command(name, text)
            return 0
        if name in self._files:
            self.call.files.write(self.call.place(name), self._files.pop(name).content().text)
            return 0
        return 0 if self._readers.pop(name, None) is not None else -1

    def close_all(self) -> None:
        """Write the files, and give the commands what was written to them."""
        self.flush()
        for name in (*self._files, *self._pipes):
            self.close(name)

    def run_command(self, command: str, text: str | None = None, *, capture: bool = False) -> str:
        """Run a command in the shell; return its output, or its exit code as a string."""
        shell = self.call.shell
        with shell.apart():
            if text is not None:
                shell.stdin = Input(Text(text))
            buffer = Buffer()
            if capture:
                shell.outputs[1] = buffer
            status = shell.alone(command)
        return buffer.content().text if capture else str(status)
