"""The programs of awk, taken apart into tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from allegiance.reading import check_length, reads_text
from allegiance.shell.budget import charge

KEYWORDS = frozenset(
    (
        *("BEGIN", "END", "function", "func", "if", "else", "while", "for", "do", "break"),
        *("continue", "next", "nextfile", "exit", "return", "delete", "in", "getline"),
        *("print", "printf"),
    )
)
BUILTINS = frozenset(
    (
        *("length", "substr", "index", "split", "sub", "gsub", "match", "sprintf", "sin"),
        *("cos", "atan2", "exp", "log", "sqrt", "int", "rand", "srand", "tolower", "toupper"),
        *("system", "close", "fflush"),
    )
)
LONGEST = 20_000
"""The longest program, in characters."""

_SKIPPED = re.compile(r"(?:[ \t\r]|\\\n|#[^\n]*)+")
_NUMBER = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SIGNS = (
    *("**=", "&&", "||", "++", "--", "+=", "-=", "*=", "/=", "%=", "^=", "**", "==", "<=", ">="),
    *("!=", "!~", ">>", *"{}()[];,+-*/%^!<>|?:~$="),
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_OCTAL = re.compile(r"[0-7]{1,3}")


class AwkError(ValueError):
    """A program of awk is wrong, or cannot go on; the message is what it prints."""


@dataclass(frozen=True)
class Token:
    """A piece of a program.

    Attributes:
        kind: ``number``, ``string``, ``regex``, ``name``, ``call`` (a name with a parenthesis right
            behind it), ``builtin``, ``word`` (a keyword), ``sign``, ``newline`` or ``end``.
        text: What it says; a string without its quotes and escapes.
        line: The line that it stands on.
    """

    kind: str
    text: str
    line: int


@reads_text("/", '"', "\\", "a ", "1e", "#", "{", "\\\n", limit=LONGEST)
def tokens_of(source: str) -> list[Token]:
    """Return the tokens of a program.

    Raises:
        AwkError: If it has an unknown character or a string without an end.
        TooLong: If it is longer than ``LONGEST``.
    """
    check_length(source, LONGEST)
    return _Lexer(source).run()


@dataclass
class _Lexer:
    source: str
    place: int = 0
    line: int = 1
    tokens: list[Token] = field(default_factory=list)

    def run(self) -> list[Token]:
        while True:
            if blank := _SKIPPED.match(self.source, self.place):
                self.line += blank[0].count("\n")
                self.place = blank.end()
            if self.place >= len(self.source):
                self.add("newline", "\n")
                self.add("end", "end of file")
                return self.tokens
            self.token()

    def add(self, kind: str, text: str) -> None:
        charge(0, 1)
        self.tokens.append(Token(kind, text, self.line))

    def token(self) -> None:
        char = self.source[self.place]
        if char == "\n":
            self.add("newline", char)
            self.line += 1
            self.place += 1
        elif char == '"':
            self.add("string", self.quoted('"'))
        elif char == "/" and not self.divides():
            self.add("regex", self.quoted("/"))
        elif number := _NUMBER.match(self.source, self.place):
            self.add("number", number[0])
            self.place = number.end()
        elif name := _NAME.match(self.source, self.place):
            self.place = name.end()
            self.add(self.kind(name[0]), name[0])
        else:
            self.sign()

    def sign(self) -> None:
        for sign in _SIGNS:
            if self.source.startswith(sign, self.place):
                self.add("sign", sign.replace("**", "^"))
                self.place += len(sign)
                return
        raise AwkError(f"line {self.line}: syntax error at or near {self.source[self.place]}")

    def kind(self, name: str) -> str:
        if name in KEYWORDS:
            return "word"
        if name in BUILTINS:
            return "builtin"
        return "call" if self.source.startswith("(", self.place) else "name"

    def divides(self) -> bool:
        """Tell whether a slash divides: it does behind an operand."""
        if not self.tokens:
            return False
        last = self.tokens[-1]
        return last.kind in ("number", "string", "name", "builtin") or last.text in (")", "]", "$")

    def quoted(self, mark: str) -> str:
        """Return what stands between two marks, and go behind the second one."""
        pieces: list[str] = []
        self.place += 1
        inside = False
        while (char := self.source[self.place : self.place + 1]) != mark or inside:
            if char in ("", "\n"):
                what = "string" if mark == '"' else "regular expression"
                raise AwkError(f"line {self.line}: runaway {what}")
            if char == "\\":
                pieces.append(self.escape(mark))
                continue
            if mark == "/":
                inside = (inside or char == "[") and not (char == "]" and pieces[-1:] != ["["])
            pieces.append(char)
            self.place += 1
        self.place += 1
        return "".join(pieces)

    def escape(self, mark: str) -> str:
        """Return what an escape stands for, and go behind it."""
        char = self.source[self.place + 1 : self.place + 2]
        self.place += 2
        if char == "\n" and mark == '"':
            self.line += 1
            return ""
        if char == mark:
            return mark
        if mark == "/":
            return f"\\{char}"
        if number := _OCTAL.match(self.source, self.place - 1):
            self.place = number.end()
            return chr(int(number[0], 8) & 0xFF)
        if char == "\\":
            return "\\"
        return _ESCAPES.get(char, f"\\{char}")
