"""Arithmetic: ``$((1 + x))``, ``((i++))`` and the parts of ``for ((...))``."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING

from allegiance.reading import reads_text
from allegiance.shell.budget import charge_visit
from allegiance.shell.syntax import text
from allegiance.terminal import parameters
from allegiance.terminal.session import Leave, Session

if TYPE_CHECKING:
    from tree_sitter import Node

_BITS = 64
_OPERATORS: dict[str, Callable[[int, int], int]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "<": lambda a, b: int(a < b),
    ">": lambda a, b: int(a > b),
    "<=": lambda a, b: int(a <= b),
    ">=": lambda a, b: int(a >= b),
    "==": lambda a, b: int(a == b),
    "!=": lambda a, b: int(a != b),
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "<<": lambda a, b: a << (b % _BITS),
    ">>": lambda a, b: a >> (b % _BITS),
    "**": lambda a, b: pow(a, max(b, 0), 1 << _BITS),
    "&&": lambda a, b: int(bool(a and b)),
    "||": lambda a, b: int(bool(a or b)),
    ",": lambda a, b: b,
}


def evaluate(shell: Session, node: Node) -> int:
    """Return the value of an arithmetic expression."""
    charge_visit()
    kind = node.type
    if kind == "number":
        return number(text(node))
    if kind in ("variable_name", "word"):
        source = text(node)  # the parser takes the 7 of 7%3 for a name
        return number(source if source[0].isdigit() else parameters.lookup(shell, source))
    if kind in ("simple_expansion", "expansion"):
        return number(parameters.lookup(shell, text(node).strip("${}")))
    if kind == "parenthesized_expression":
        return evaluate(shell, node.named_children[0])
    if kind == "variable_assignment":
        return _assign(shell, node.children[0], "=", node.children[2])
    if kind in ("unary_expression", "postfix_expression"):
        return _unary(shell, node)
    if kind == "ternary_expression":
        condition, yes, no = node.named_children
        return evaluate(shell, yes if evaluate(shell, condition) else no)
    if kind == "binary_expression":
        left, sign, right = node.children[:3]
        if text(sign).endswith("=") and text(sign) not in _OPERATORS:
            return _assign(shell, left, text(sign), right)
        return calculate(shell, text(sign), evaluate(shell, left), evaluate(shell, right))
    return number(shell.captured([node]).text) if kind == "command_substitution" else 0


@reads_text("1", "-", "0x", "a", limit=None)
def number(source: str) -> int:
    """Return the number that a string is; 0 if it is none."""
    source = source.strip()
    digits = source.lstrip("-")
    if digits[:2] in ("0x", "0X") and len(digits) < 18:
        try:
            return int(source, 16)
        except ValueError:
            return 0
    if digits.isascii() and digits.isdigit() and len(digits) < 19:
        return -int(digits) if source.startswith("-") else int(digits)
    return 0


def calculate(shell: Session, sign: str, left: int, right: int) -> int:
    """Return the value of an operator, in 64 bits."""
    if sign in ("/", "%"):
        if right == 0:
            shell.complain('bash: division by 0 (error token is "0")')
            raise Leave("exit", 1)
        quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
        return quotient if sign == "/" else left - right * quotient
    value = _OPERATORS.get(sign, _OPERATORS["+"])(left, right) % (1 << _BITS)
    return value - (1 << _BITS) if value >> (_BITS - 1) else value


def _assign(shell: Session, name: Node, sign: str, value: Node) -> int:
    result = evaluate(shell, value)
    if sign != "=":
        result = calculate(shell, sign[:-1], evaluate(shell, name), result)
    shell.variables[text(name)] = [str(result)]
    return result


def _unary(shell: Session, node: Node) -> int:
    operand = node.named_children[0]
    signs = [text(c) for c in node.children if c != operand]
    sign, value = signs[0] if signs else "", evaluate(shell, operand)
    if sign in ("++", "--"):
        changed = value + (1 if sign == "++" else -1)
        shell.variables[text(operand)] = [str(changed)]
        return value if node.type == "postfix_expression" else changed
    return {"-": -value, "!": int(not value), "~": ~value}.get(sign, value)
