"""Parameters: ``$name``, ``$1``, ``$?`` and ``${name%pattern}``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from allegiance.shell.budget import charge, substitute
from allegiance.shell.syntax import text
from allegiance.terminal.globs import matches, plain, to_pattern
from allegiance.terminal.session import Leave, Session

if TYPE_CHECKING:
    from tree_sitter import Node


class Words(Protocol):
    """What expands the words inside an expansion."""

    def pattern(self, node: Node) -> str:
        """Return the word that a node expands to, with the marks of quoted characters."""


def lookup(shell: Session, name: str) -> str:
    """Return the value of a variable or parameter; an empty string if it is not set."""
    if name in ("@", "*"):
        return " ".join(shell.arguments)
    if name.isdigit():
        index = int(name) if len(name) < 6 else 0
        if index == 0:
            return shell.value("0") or "bash"
        return shell.arguments[index - 1] if index <= len(shell.arguments) else ""
    special = {"?": str(shell.status), "#": str(len(shell.arguments)), "$": "4211", "!": ""}
    if name in special:
        return special[name]
    value = shell.value(name)
    if value is None and name == "PWD":
        return shell.cwd
    if value is None and "u" in shell.flags and name not in ("-", "_"):
        shell.complain(f"bash: {name}: unbound variable")
        raise Leave("exit", 127)
    charge(len(value or ""))
    return value or ""


def several(shell: Session, source: str) -> list[str]:
    """Return the values of ``$@`` or ``${name[@]}``."""
    name = source.strip("${}").partition("[")[0]
    if name.startswith("!"):
        return [str(index) for index in range(len(shell.variables.get(name[1:], [])))]
    return list(shell.arguments if name in ("@", "*") else shell.variables.get(name, []))


def expanded(shell: Session, node: Node, words: Words) -> str:
    """Return the value of ``${...}``."""
    names = [c for c in node.children if c.type in _NAMES]
    if not names:
        return ""
    name = names[0]
    first = text(node.children[1])
    value = _value(shell, name)
    if first == "#" and node.children[1] != name:
        return str(_length(shell, name, value))
    if first == "!":
        return lookup(shell, value or "")
    rest = [c for c in node.children if c.start_byte >= name.end_byte and c.type != "}"]
    if not rest:
        return value if value is not None else lookup(shell, text(name))
    operator = text(rest[0])
    operands = [words.pattern(c) for c in rest[1:] if c.is_named]
    return _operated(shell, text(name), value, operator, operands)


_NAMES = ("variable_name", "special_variable_name", "subscript")


def _value(shell: Session, node: Node) -> str | None:
    """Return the value that a name or ``name[3]`` has, or None."""
    source = text(node)
    if node.type == "subscript":
        name, _, index = source.rstrip("]").partition("[")
        values = shell.variables.get(name, [])
        if index in ("@", "*"):
            return " ".join(values) if values else None
        number = index if index.lstrip("-").isdigit() else lookup(shell, index.lstrip("$"))
        if not number.lstrip("-").isdigit() or len(number) > 6:
            return None
        return values[int(number)] if -len(values) <= int(number) < len(values) else None
    if source in shell.variables or not (source[:1].isalpha() or source[:1] == "_"):
        known = not source.isdigit() or int(source[:6]) <= len(shell.arguments)
        return lookup(shell, source) if known else None
    return shell.cwd if source == "PWD" else None


def _length(shell: Session, name: Node, value: str | None) -> int:
    if name.type == "subscript" and text(name).endswith(("[@]", "[*]")):
        return len(shell.variables.get(text(name).partition("[")[0], []))
    return len(value or "")


def _operated(
    shell: Session, name: str, value: str | None, operator: str, operands: list[str]
) -> str:
    operand = operands[0] if operands else ""
    if operator.startswith(":") and operator[1:] in ("-", "=", "+", "?"):
        value = value or None
        operator = operator[1:]
    if operator in ("-", "="):
        if value is None and operator == "=":
            shell.variables[name] = [plain(operand)]
        return plain(operand) if value is None else value
    if operator == "+":
        return "" if value is None else plain(operand)
    if operator == "?":
        if value is None:
            shell.complain(f"bash: {name}: {plain(operand) or 'parameter null or not set'}")
            raise Leave("exit", 127)
        return value
    if operator == ":":
        return _slice(value or "", operands)
    if operator in ("^", "^^", ",", ",,"):
        change = str.upper if operator[0] == "^" else str.lower
        text_of_value = value or ""
        if len(operator) == 1:
            return change(text_of_value[:1]) + text_of_value[1:]
        return change(text_of_value)
    return _changed(value or "", operator, operand, operands[1] if len(operands) > 1 else "")


def _changed(value: str, operator: str, pattern: str, swap: str) -> str:
    """Return a value without what a pattern matches, or with something in its place."""
    if operator in ("#", "##", "%", "%%"):
        charge(len(value) ** 2 // 16 + 20 * len(pattern))  # each end is compared with it
        head, shape = operator[0] == "#", to_pattern(pattern)
        cuts = [
            n for n in range(len(value) + 1) if matches(value[:n] if head else value[n:], shape)
        ]
        if not cuts:
            return value
        cut = (min if (len(operator) == 1) == head else max)(cuts)
        return value[cut:] if head else value[:cut]
    if operator in ("/", "//") and pattern:
        return substitute(value, plain(pattern), plain(swap), -1 if operator == "//" else 1)
    return value


def _slice(value: str, operands: list[str]) -> str:
    numbers = [
        int(o) if o.lstrip("- ").isdigit() and len(o) < 9 else 0 for o in map(plain, operands)
    ]
    begin = numbers[0] if numbers else 0
    begin = max(len(value) + begin, 0) if begin < 0 else begin
    if len(numbers) < 2:
        return value[begin:]
    return value[begin : begin + numbers[1]] if numbers[1] >= 0 else value[begin : numbers[1]]
