"""The expressions of find, parsed into tests of files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from allegiance.terminal.call import Call
from allegiance.terminal.files import Status
from allegiance.terminal.options import UsageError

_NESTED, _DEEPEST = 40, 1000


@dataclass
class Item:
    """A file that the search has come to."""

    path: str
    start: str
    depth: int
    status: Status


Test: TypeAlias = Callable[[Item], bool]
Predicate: TypeAlias = Callable[["Finder", str], Test]


@dataclass
class Finder:
    """One call of find, parsed."""

    call: Call
    tokens: list[str]
    predicates: Mapping[str, Predicate]
    index: int = 0
    least: int = 0
    most: int = _DEEPEST
    depth_first: bool = False
    acts: bool = False
    pruned: bool = False
    over: bool = False
    nested: int = 0
    code: int = 0
    batches: list[tuple[list[str], list[str]]] = field(default_factory=list)

    def value(self, name: str) -> str:
        """Return the argument of a predicate."""
        if self.index >= len(self.tokens):
            raise UsageError(f"missing argument to `{name}'")
        self.index += 1
        return self.tokens[self.index - 1]

    def number(self, name: str) -> int:
        """Return the argument of a predicate that is a number."""
        text = self.value(name)
        if not text.isascii() or not text.isdigit() or len(text) > 9:
            raise UsageError(
                f"Expected a positive decimal integer argument to {name}, but got '{text}'"
            )
        return int(text)

    def either(self) -> Test:
        """Parse alternatives."""
        tests = [self.every()]
        while self.index < len(self.tokens) and self.tokens[self.index] in ("-o", "-or", ","):
            self.index += 1
            tests.append(self.every())
        return tests[0] if len(tests) == 1 else lambda item: any(t(item) for t in tests)

    def every(self) -> Test:
        """Parse tests that must all hold."""
        tests: list[Test] = []
        while self.index < len(self.tokens) and self.tokens[self.index] not in ("-o", "-or", ")"):
            if self.tokens[self.index] in ("-a", "-and"):
                self.index += 1
                continue
            tests.append(self.primary())
        return lambda item: all(t(item) for t in tests)

    def primary(self) -> Test:
        """Parse one test."""
        token = self.tokens[self.index]
        self.index += 1
        if token in ("!", "-not"):
            if self.index >= len(self.tokens):
                raise UsageError(f"expected an expression after '{token}'")
            self.nested += 1
            if self.nested > _NESTED:
                raise UsageError("expression nests too deep")
            inner = self.primary()
            return lambda item: not inner(item)
        if token == "(":
            self.nested += 1
            if self.nested > _NESTED:
                raise UsageError("expression nests too deep")
            inner = self.either()
            if self.value("(") != ")":
                raise UsageError("invalid expression")
            return inner
        return self.predicates.get(token, unknown)(self, token)


def unknown(finder: Finder, token: str) -> Test:
    if token.startswith("-"):
        raise UsageError(f"unknown predicate `{token}'")
    raise UsageError(f"paths must precede expression: `{token}'")
