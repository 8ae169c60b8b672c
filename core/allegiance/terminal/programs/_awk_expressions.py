"""The expressions of awk, parsed by precedence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from allegiance.terminal.programs._awk_lexer import AwkError, Token
from allegiance.terminal.programs._awk_nodes import NOTHING, Node

_ASSIGNMENTS = ("=", "+=", "-=", "*=", "/=", "%=", "^=")
_COMPARISONS = ("<", "<=", "==", "!=", ">", ">=")
_PLACES = ("name", "index", "field")
_DEEPEST = 40


class Expressions:
    """Reads expressions from tokens; statements are read by the class above it."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.place = 0
        self.depth = 0
        self.printing = False

    @property
    def token(self) -> Token:
        """The next token."""
        return self.tokens[self.place]

    def ahead(self, count: int) -> Token:
        """Return a later token."""
        return self.tokens[min(self.place + count, len(self.tokens) - 1)]

    def take(self) -> Token:
        """Go behind the next token and return it."""
        token = self.token
        self.place = min(self.place + 1, len(self.tokens) - 1)
        return token

    def at(self, sign: str) -> bool:
        """Tell whether a sign is next."""
        return self.token.kind == "sign" and self.token.text == sign

    def accept(self, sign: str) -> bool:
        """Go behind a sign if it is next, and tell whether it was."""
        if self.at(sign):
            self.take()
            return True
        return False

    def expect(self, sign: str) -> None:
        """Go behind a sign.

        Raises:
            AwkError: If another token is next.
        """
        if not self.accept(sign):
            raise self.fault(self.token)

    def skip_newlines(self) -> None:
        """Go behind the ends of lines."""
        while self.token.kind == "newline":
            self.take()

    def fault(self, token: Token) -> AwkError:
        """Return the error for a token that cannot be where it is."""
        shown = "end of line" if token.kind == "newline" else token.text
        return AwkError(f"line {token.line}: syntax error at or near {shown}")

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """Read the enclosed part one level deeper.

        Raises:
            AwkError: If the program nests too deep.
        """
        self.depth += 1
        if self.depth > _DEEPEST:
            raise AwkError(f"line {self.token.line}: program nests too deep")
        try:
            yield
        finally:
            self.depth -= 1

    def expression(self) -> Node:
        """Return an expression, an assignment included."""
        with self.deeper():
            node = self.alternative()
            if self.token.kind == "sign" and self.token.text in _ASSIGNMENTS:
                if node.kind not in _PLACES:
                    raise self.fault(self.token)
                sign = self.take().text
                self.skip_newlines()
                return Node("assign", sign.removesuffix("="), (node, self.expression()))
            return node

    def alternative(self) -> Node:
        """Return ``a ? b : c``, or what binds more closely."""
        node = self.either()
        if not self.accept("?"):
            return node
        self.skip_newlines()
        then = self.expression()
        self.skip_newlines()
        self.expect(":")
        self.skip_newlines()
        return Node("choice", "", (node, then, self.expression()))

    def either(self) -> Node:
        """Return ``a || b``, or what binds more closely."""
        node = self.both()
        while self.accept("||"):
            self.skip_newlines()
            node = Node("or", "", (node, self.both()))
        return node

    def both(self) -> Node:
        """Return ``a && b``, or what binds more closely."""
        node = self.membership()
        while self.accept("&&"):
            self.skip_newlines()
            node = Node("and", "", (node, self.membership()))
        return node

    def membership(self) -> Node:
        """Return ``key in array``, or what binds more closely."""
        node = self.matching()
        while self.token.kind == "word" and self.token.text == "in":
            self.take()
            array = self.take()
            if array.kind != "name":
                raise self.fault(array)
            node = Node("in", array.text, node.parts if node.kind == "group" else (node,))
        return node

    def matching(self) -> Node:
        """Return ``a ~ b``, or what binds more closely."""
        node = self.comparison()
        while self.at("~") or self.at("!~"):
            node = Node("match", self.take().text, (node, self.comparison()))
        return node

    def comparison(self) -> Node:
        """Return ``a < b`` or ``command | getline``, or what binds more closely."""
        node = self.concatenation()
        signs = _COMPARISONS[:4] if self.printing else _COMPARISONS
        if self.printing and self.at(">="):
            signs = (*signs, ">=")
        if self.token.kind == "sign" and self.token.text in signs:
            node = Node("compare", self.take().text, (node, self.concatenation()))
        while self.at("|") and self.ahead(1).text == "getline":
            self.take()
            self.take()
            node = Node("getline", "|", (node, self.target()))
        return node

    def concatenation(self) -> Node:
        """Return values side by side, or what binds more closely."""
        node = self.sum()
        while self.begins_operand():
            node = Node("concat", "", (node, self.sum()))
        return node

    def begins_operand(self) -> bool:
        """Tell whether a value that is put behind the last one begins."""
        token = self.token
        if token.kind in ("number", "string", "name", "call", "builtin", "regex"):
            return True
        return token.kind == "sign" and token.text in ("$", "(", "++", "--")

    def sum(self) -> Node:
        """Return ``a + b``, or what binds more closely."""
        node = self.product()
        while self.at("+") or self.at("-"):
            node = Node("arithmetic", self.take().text, (node, self.product()))
        return node

    def product(self) -> Node:
        """Return ``a * b``, or what binds more closely."""
        node = self.signed()
        while self.at("*") or self.at("/") or self.at("%"):
            node = Node("arithmetic", self.take().text, (node, self.signed()))
        return node

    def signed(self) -> Node:
        """Return ``-a`` or ``!a``, or what binds more closely."""
        if self.token.kind == "sign" and self.token.text in ("!", "-", "+"):
            sign = self.take().text
            with self.deeper():
                return Node("not" if sign == "!" else "sign", sign, (self.signed(),))
        return self.power()

    def power(self) -> Node:
        """Return ``a ^ b``, or what binds more closely."""
        node = self.stepped()
        if self.accept("^"):
            with self.deeper():
                exponent = self.signed() if self.at("-") or self.at("+") else self.power()
            return Node("arithmetic", "^", (node, exponent))
        return node

    def stepped(self) -> Node:
        """Return ``a++`` or ``++a``, or what binds more closely."""
        if self.at("++") or self.at("--"):
            sign = self.take().text
            place = self.primary()
            if place.kind not in _PLACES:
                raise self.fault(self.token)
            return Node("step", f"{sign}x", (place,))
        node = self.primary()
        if node.kind in _PLACES and (self.at("++") or self.at("--")):
            return Node("step", f"x{self.take().text}", (node,))
        return node

    def primary(self) -> Node:
        """Return a value, a field, a call or an expression in parentheses."""
        with self.deeper():
            token = self.take()
            if token.kind in ("number", "string", "regex"):
                return Node(token.kind, token.text)
            if token.kind == "name":
                if not self.accept("["):
                    return Node("name", token.text)
                return Node("index", token.text, self.list("]"))
            if token.kind == "call":
                self.expect("(")
                return Node("call", token.text, self.list(")"))
            if token.kind == "builtin":
                args = self.list(")") if self.accept("(") else ()
                return Node("builtin", token.text, args)
            if token.kind == "word" and token.text == "getline":
                return self.getline()
            if token.kind == "sign" and token.text == "$":
                steps = self.at("++") or self.at("--")
                return Node("field", "", (self.stepped() if steps else self.primary(),))
            if token.kind == "sign" and token.text == "(":
                nodes = self.list(")")
                if not nodes:
                    raise self.fault(self.token)
                return (
                    nodes[0]
                    if len(nodes) == 1 and not _is_bare(nodes[0])
                    else Node("group", "", nodes)
                )
            raise self.fault(token)

    def list(self, end: str) -> tuple[Node, ...]:
        """Return the expressions before a closing sign, and go behind it."""
        outer, self.printing = self.printing, False
        nodes: list[Node] = []
        self.skip_newlines()
        while not self.accept(end):
            nodes.append(self.expression())
            self.skip_newlines()
            if self.accept(","):
                self.skip_newlines()
            elif not self.at(end):
                raise self.fault(self.token)
        self.printing = outer
        return tuple(nodes)

    def target(self) -> Node:
        """Return the variable that ``getline`` fills, if one is named."""
        fills = self.token.kind == "name" or self.at("$")
        return self.primary() if fills else NOTHING

    def getline(self) -> Node:
        """Return a ``getline`` from the input, or from a file."""
        target = self.target()
        if self.accept("<"):
            return Node("getline", "<", (self.stepped(), target))
        return Node("getline", "", (NOTHING, target))


def _is_bare(node: Node) -> bool:
    """Tell whether an expression must not be read on as the place of an assignment."""
    return node.kind in _PLACES
