"""The programs of awk, parsed into rules, functions and statements."""

from __future__ import annotations

from dataclasses import dataclass, field

from allegiance.reading import reads_text
from allegiance.terminal.programs._awk_expressions import Expressions
from allegiance.terminal.programs._awk_lexer import LONGEST, AwkError, tokens_of
from allegiance.terminal.programs._awk_nodes import NOTHING, Node

_TRUE = Node("number", "1")
_AFTER_PRINT = (";", "}", ">", ">>", "|")


@dataclass(frozen=True)
class Rule:
    """A pattern and what is done where it holds.

    Attributes:
        kind: ``BEGIN``, ``END``, ``each`` or ``range``.
        patterns: The pattern; two for a range.
        body: The action.
    """

    kind: str
    patterns: tuple[Node, ...]
    body: Node


@dataclass(frozen=True)
class Function:
    """A function of a program: the names of its parameters, and its body."""

    params: tuple[str, ...]
    body: Node


@dataclass
class Program:
    """A program: rules in order, and functions by name."""

    rules: list[Rule] = field(default_factory=list)
    functions: dict[str, Function] = field(default_factory=dict)


@reads_text("(", "{", "a=", "if(a)", "/a/{", ";", "print ", "!", "-", "a[", "$", limit=LONGEST)
def parse_awk(source: str) -> Program:
    """Return the rules and functions of a program.

    Raises:
        AwkError: If it is wrong.
        TooLong: If it is longer than ``LONGEST``.
    """
    return _Parser(tokens_of(source)).program()


class _Parser(Expressions):
    def program(self) -> Program:
        program = Program()
        self.skip_ends()
        while self.token.kind != "end":
            if self.token.text in ("function", "func") and self.token.kind == "word":
                name, function = self.function()
                program.functions[name] = function
            else:
                program.rules.append(self.rule())
            self.skip_ends()
        return program

    def function(self) -> tuple[str, Function]:
        self.take()
        name = self.take()
        if name.kind not in ("name", "call"):
            raise self.fault(name)
        self.expect("(")
        params: list[str] = []
        while not self.at(")"):
            param = self.take()
            if param.kind != "name":
                raise self.fault(param)
            params.append(param.text)
            self.skip_newlines() if self.accept(",") else None
        self.expect(")")
        self.skip_newlines()
        return name.text, Function(tuple(params), self.block())

    def rule(self) -> Rule:
        if self.token.kind == "word" and self.token.text in ("BEGIN", "END"):
            return Rule(self.take().text, (), self.block())
        patterns: list[Node] = []
        if not self.at("{"):
            patterns.append(self.expression())
            if self.accept(","):
                self.skip_newlines()
                patterns.append(self.expression())
        body = self.block() if self.at("{") else Node("print", "", (NOTHING,))
        return Rule("range" if len(patterns) > 1 else "each", tuple(patterns), body)

    def block(self) -> Node:
        self.expect("{")
        statements: list[Node] = []
        self.skip_ends()
        while not self.accept("}"):
            statements.append(self.statement())
            self.skip_ends()
        return Node("block", "", tuple(statements))

    def skip_ends(self) -> None:
        while self.token.kind == "newline" or self.at(";"):
            self.take()

    def end_simple(self) -> None:
        """Go behind the end of a statement, which a closing brace need not have."""
        if self.token.kind == "newline" or self.at(";"):
            self.take()
        elif not self.at("}") and self.token.kind != "end":
            raise self.fault(self.token)

    def body(self) -> Node:
        """Return what follows a condition: a statement, maybe on the next line."""
        self.skip_newlines()
        if self.accept(";"):
            return NOTHING
        return self.statement()

    def statement(self) -> Node:
        with self.deeper():
            if self.at("{"):
                return self.block()
            word = self.token.text if self.token.kind == "word" else ""
            if word in ("if", "while", "do", "for"):
                self.take()
                return {"if": self.if_, "while": self.while_, "do": self.do, "for": self.for_}[
                    word
                ]()
            node = self.simple()
            self.end_simple()
            return node

    def condition(self) -> Node:
        self.expect("(")
        node = self.expression()
        self.expect(")")
        return node

    def if_(self) -> Node:
        condition = self.condition()
        then = self.body()
        place = self.place
        self.skip_ends()
        if self.token.kind == "word" and self.token.text == "else":
            self.take()
            return Node("if", "", (condition, then, self.body()))
        self.place = place
        return Node("if", "", (condition, then, NOTHING))

    def while_(self) -> Node:
        condition = self.condition()
        return Node("while", "", (condition, self.body()))

    def do(self) -> Node:
        body = self.body()
        self.skip_ends()
        word = self.take()
        if word.text != "while":
            raise self.fault(word)
        condition = self.condition()
        self.end_simple()
        return Node("do", "", (condition, body))

    def for_(self) -> Node:
        self.expect("(")
        first, second, third, fourth = (self.ahead(n) for n in range(4))
        is_in = second.text == "in" and second.kind == "word" and fourth.text == ")"
        if first.kind == "name" and is_in and third.kind == "name":
            for _ in range(4):
                self.take()
            return Node("each", first.text, (Node("name", third.text), self.body()))
        start = NOTHING if self.at(";") else self.simple()
        self.expect(";")
        self.skip_newlines()
        condition = _TRUE if self.at(";") else self.expression()
        self.expect(";")
        self.skip_newlines()
        step = NOTHING if self.at(")") else self.simple()
        self.expect(")")
        return Node("for", "", (start, condition, step, self.body()))

    def simple(self) -> Node:
        word = self.token.text if self.token.kind == "word" else ""
        if word in ("print", "printf"):
            return self.print_()
        if word in ("next", "nextfile", "break", "continue"):
            return Node(self.take().text)
        if word in ("exit", "return"):
            self.take()
            ends = self.token.kind in ("newline", "end") or self.at(";") or self.at("}")
            return Node(word, "", (NOTHING if ends else self.expression(),))
        if word == "delete":
            self.take()
            node = self.primary()
            if node.kind not in ("index", "name"):
                raise self.fault(self.token)
            return Node("delete", "", (node,))
        return self.expression()

    def print_(self) -> Node:
        """Return a print: its values, and where they go if not to the standard output."""
        kind = self.take().text
        outer, self.printing = self.printing, True
        ends = self.token.kind in ("newline", "end") or self.token.text in (
            ";",
            "}",
            ">",
            ">>",
            "|",
        )
        values = () if ends and self.token.kind != "string" else self.values()
        self.printing = outer
        if len(values) == 1 and values[0].kind == "group":
            values = values[0].parts
        if kind == "printf" and not values:
            raise AwkError(f"line {self.token.line}: printf: no format")
        target = NOTHING
        sign = ""
        if self.token.kind == "sign" and self.token.text in (">", ">>", "|"):
            sign = self.take().text
            target = self.concatenation()
        return Node(kind, sign, (target, *values))

    def values(self) -> tuple[Node, ...]:
        nodes = [self.expression()]
        while self.accept(","):
            self.skip_newlines()
            nodes.append(self.expression())
        return tuple(nodes)
