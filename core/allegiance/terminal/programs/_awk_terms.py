"""The expressions of awk, evaluated."""

from __future__ import annotations

from collections.abc import Sequence

from allegiance.shell.budget import charge
from allegiance.terminal.programs._awk_functions import FUNCTIONS
from allegiance.terminal.programs._awk_lexer import AwkError
from allegiance.terminal.programs._awk_nodes import Node
from allegiance.terminal.programs._awk_parser import Function
from allegiance.terminal.programs._awk_records import MOST_FIELDS
from allegiance.terminal.programs._awk_state import Array, Jump, State
from allegiance.terminal.programs._awk_values import (
    InputText,
    Value,
    calculate,
    compare,
    is_true,
    to_number,
)

_DEEPEST = 60


class Terms(State):
    """Evaluates expressions."""

    def value(self, node: Node) -> Value:
        """Return the value of an expression."""
        charge(0, 1)
        return _KINDS[node.kind](self, node)

    def number(self, value: Value) -> float:
        """Return a value as a number that is not infinite."""
        number = to_number(value)
        return max(-1e18, min(number, 1e18)) if number == number else 0.0

    def do(self, node: Node) -> None:
        """Run a statement; the class below it does."""
        raise NotImplementedError

    # --- places

    def scope(self, name: str) -> dict[str, Value | Array]:
        """Return the variables among which a name is: those of the function, or all."""
        return self.frames[-1] if self.frames and name in self.frames[-1] else self.globals

    def array(self, name: str) -> Array:
        """Return an array; a variable that was never set becomes one."""
        scope = self.scope(name)
        array = scope.get(name)
        if array is None:
            array = scope[name] = {}
        if not isinstance(array, dict):
            raise AwkError(f"type error in arg: {name} is not an array")
        return array

    def key(self, parts: Sequence[Node]) -> str:
        """Return the key of an element; several expressions are one key."""
        glue = self.text_of("SUBSEP") if len(parts) > 1 else ""
        return glue.join([self.text(self.value(part)) for part in parts])

    def field_number(self, node: Node) -> int:
        """Return the number of a field."""
        number = int(self.number(self.value(node.parts[0])))
        if not 0 <= number <= MOST_FIELDS:
            raise AwkError(f"negative or too large field index ${number}")
        return number

    def assign(self, node: Node, value: Value) -> None:
        """Set a variable, an element or a field."""
        charge(len(value) if isinstance(value, str) else 0, 1)
        if node.kind == "index":
            self.array(node.text)[self.key(node.parts)] = value
        elif node.kind == "field":
            number = self.field_number(node)
            if number == 0:
                self.record.set_text(self.text(value))
            else:
                self.record.set_field(number, self.text(value), self.split)
        elif node.text == "NF":
            count = min(max(int(self.number(value)), 0), MOST_FIELDS)
            self.record.set_count(count, self.split)
        else:
            scope = self.scope(node.text)
            if isinstance(scope.get(node.text), dict):
                raise AwkError(f"can't assign to {node.text}; it is an array")
            scope[node.text] = value

    def resolved(self, place: Node) -> Node:
        """Return a place whose key or number is known, so that it is evaluated only once."""
        if place.kind == "index":
            return Node("index", place.text, (Node("string", self.key(place.parts)),))
        if place.kind == "field":
            return Node("field", "", (Node("number", str(self.field_number(place))),))
        return place

    def _name(self, node: Node) -> Value:
        scope = self.scope(node.text)
        if node.text == "NF" and scope is self.globals:
            return float(len(self.record.fields(self.split)))
        value = scope.get(node.text)
        if isinstance(value, dict):
            raise AwkError(f"type error: {node.text} is an array")
        return value

    def _index(self, node: Node) -> Value:
        return self.array(node.text).setdefault(self.key(node.parts), None)

    def _field(self, node: Node) -> Value:
        number = self.field_number(node)
        if number == 0:
            return InputText(self.record_text())
        return self.record.field(number, self.split)

    # --- operators

    def _constant(self, node: Node) -> Value:
        return float(node.text)

    def _string(self, node: Node) -> Value:
        return node.text

    def _regex(self, node: Node) -> Value:
        return float(self.regex(node.text).matches(self.record_text()))

    def pattern(self, node: Node) -> str:
        """Return an expression that is written between slashes, or as a string."""
        return node.text if node.kind == "regex" else self.text(self.value(node))

    def _group(self, node: Node) -> Value:
        if len(node.parts) != 1:
            raise AwkError("syntax error: a list is no value")
        return self.value(node.parts[0])

    def _assign(self, node: Node) -> Value:
        place, expression = self.resolved(node.parts[0]), node.parts[1]
        value = self.value(expression)
        if node.text:
            old = to_number(self.value(place))
            value = calculate(node.text, old, to_number(value))
        self.assign(place, value)
        return value

    def _step(self, node: Node) -> Value:
        place = self.resolved(node.parts[0])
        old = to_number(self.value(place))
        new = old + (1 if "+" in node.text else -1)
        self.assign(place, new)
        return old if node.text.startswith("x") else new

    def _choice(self, node: Node) -> Value:
        condition, then, otherwise = node.parts
        return self.value(then if is_true(self.value(condition)) else otherwise)

    def _or(self, node: Node) -> Value:
        return float(any(is_true(self.value(part)) for part in node.parts))

    def _and(self, node: Node) -> Value:
        return float(all(is_true(self.value(part)) for part in node.parts))

    def _not(self, node: Node) -> Value:
        return float(not is_true(self.value(node.parts[0])))

    def _in(self, node: Node) -> Value:
        return float(self.key(node.parts) in self.array(node.text))

    def _match(self, node: Node) -> Value:
        text = self.text(self.value(node.parts[0]))
        return float(self.regex(self.pattern(node.parts[1])).matches(text) == (node.text == "~"))

    def _compare(self, node: Node) -> Value:
        first, second = (self.value(part) for part in node.parts)
        return float(compare(node.text, first, second))

    def _concat(self, node: Node) -> Value:
        first, second = (self.text(self.value(part)) for part in node.parts)
        charge(len(first) + len(second))
        return first + second

    def _arithmetic(self, node: Node) -> Value:
        first, second = (to_number(self.value(part)) for part in node.parts)
        return calculate(node.text, first, second)

    def _sign(self, node: Node) -> Value:
        number = to_number(self.value(node.parts[0]))
        return -number if node.text == "-" else number

    # --- calls

    def _builtin(self, node: Node) -> Value:
        return FUNCTIONS[node.text](self, node.parts)

    def _getline(self, node: Node) -> Value:
        origin, target = node.parts
        if not node.text:
            text = self.next_record()
            code = 0 if text is None else 1
        else:
            name = self.text(self.value(origin))
            code, text = self.read_line(node.text, name)
            if code == 1 and node.text == "|":
                self.globals["NR"] = self.counted("NR") + 1
        if code == 1 and text is not None:
            if target.kind == "nothing":
                self.record.set_text(text)
            else:
                self.assign(target, InputText(text))
        return float(code)

    def _call(self, node: Node) -> Value:
        function = self.program.functions.get(node.text)
        if function is None:
            raise AwkError(f"function {node.text} never defined")
        if len(node.parts) > len(function.params):
            raise AwkError(f"too many arguments in call to {node.text}")
        if len(self.frames) >= _DEEPEST:
            raise AwkError(f"{node.text}: calls nest too deep")
        frame = self._arguments(function, node.parts)
        self.frames.append(frame)
        try:
            self.do(function.body)
        except Jump as jump:
            if jump.kind != "return":
                raise
            return jump.value
        finally:
            self.frames.pop()
        return None

    def _arguments(self, function: Function, parts: Sequence[Node]) -> dict[str, Value | Array]:
        """Return the parameters of a call: arrays by reference, everything else by value."""
        frame: dict[str, Value | Array] = dict.fromkeys(function.params)
        for name, part in zip(function.params, parts, strict=False):
            if part.kind == "name" and part.text != "NF":
                value = self.scope(part.text).get(part.text)
                if value is None and uses_array(function.body, name):
                    value = self.array(part.text)
                frame[name] = value
            else:
                frame[name] = self.value(part)
        return frame


def uses_array(node: Node, name: str) -> bool:
    """Tell whether a part of a program uses a name as an array, or hands it on."""
    charge(0, 1)
    if node.kind in ("index", "in") and node.text == name:
        return True
    handed = node.kind in ("each", "delete", "call") or node.text == "split"
    if handed and any(part.kind == "name" and part.text == name for part in node.parts):
        return True
    return any(uses_array(part, name) for part in node.parts)


_KINDS = {
    "nothing": lambda terms, node: None,
    "number": Terms._constant,
    "string": Terms._string,
    "regex": Terms._regex,
    "name": Terms._name,
    "index": Terms._index,
    "field": Terms._field,
    "group": Terms._group,
    "assign": Terms._assign,
    "step": Terms._step,
    "choice": Terms._choice,
    "or": Terms._or,
    "and": Terms._and,
    "not": Terms._not,
    "in": Terms._in,
    "match": Terms._match,
    "compare": Terms._compare,
    "concat": Terms._concat,
    "arithmetic": Terms._arithmetic,
    "sign": Terms._sign,
    "builtin": Terms._builtin,
    "getline": Terms._getline,
    "call": Terms._call,
}
