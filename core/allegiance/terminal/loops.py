"""Loops, branches and assignments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from allegiance.shell.budget import charge
from allegiance.shell.syntax import text
from allegiance.terminal.arithmetic import evaluate
from allegiance.terminal.expansion import Expander
from allegiance.terminal.globs import matches, to_pattern
from allegiance.terminal.session import Leave, Session

if TYPE_CHECKING:
    from tree_sitter import Node


def each(shell: Session, node: Node) -> int:
    """Follow a ``for`` loop."""
    name = node.child_by_field_name("variable")
    body = node.child_by_field_name("body")
    values = Expander(shell).words(node.children_by_field_name("value"))
    if not any(c.type == "in" for c in node.children):
        values = list(shell.arguments)
    status = 0
    for value in values:
        shell.variables[text(name) if name else ""] = [value]
        status, stop = _pass(shell, body)
        if stop:
            break
    return status


def repeat(shell: Session, node: Node) -> int:
    """Follow a ``while`` or ``until`` loop."""
    body = node.child_by_field_name("body")
    conditions = [c for c in node.named_children if c != body]
    wanted = node.children[0].type == "while"
    status = 0
    while (_tested(shell, conditions) == 0) == wanted:
        status, stop = _pass(shell, body)
        if stop:
            break
    return status


def count(shell: Session, node: Node) -> int:
    """Follow ``for ((begin; condition; step))``."""
    body = node.child_by_field_name("body")
    for child in node.children_by_field_name("initializer"):
        evaluate(shell, child)
    conditions = [c for c in node.children_by_field_name("condition") if c.is_named]
    updates = [c for c in node.children_by_field_name("update") if c.is_named]
    status = 0
    while all(evaluate(shell, c) for c in conditions):
        status, stop = _pass(shell, body)
        if stop:
            break
        for update in updates:
            evaluate(shell, update)
    return status


def _pass(shell: Session, body: Node | None) -> tuple[int, bool]:
    """Follow one pass of a loop; tell whether the loop ends."""
    shell.count_step()
    try:
        return (shell.follow(body) if body is not None else 0), False
    except Leave as leave:
        if leave.kind not in ("break", "continue"):
            raise
        if leave.status > 1:
            raise Leave(leave.kind, leave.status - 1) from None
        return 0, leave.kind == "break"


def _tested(shell: Session, nodes: Sequence[Node]) -> int:
    shell.exempt += 1
    try:
        status = 1
        for node in nodes:
            status = shell.follow(node)
        return status
    finally:
        shell.exempt -= 1


def branch(shell: Session, node: Node) -> int:
    """Follow ``if`` or ``elif``."""
    conditions: list[Node] = []
    body: list[Node] = []
    others: list[Node] = []
    then = False
    for child in node.children:
        if child.type == "then":
            then = True
        elif child.type in ("elif_clause", "else_clause"):
            others.append(child)
        elif child.is_named and child.type != "comment":
            (body if then else conditions).append(child)
    if _tested(shell, conditions) == 0:
        return _all(shell, body)
    for other in others:
        if other.type == "else_clause":
            return _all(shell, other.named_children)
        split = _parts(other)
        if _tested(shell, split[0]) == 0:
            return _all(shell, split[1])
    return 0


def _parts(node: Node) -> tuple[list[Node], list[Node]]:
    """Return the condition and the body of an ``elif``."""
    then = next(c.start_byte for c in node.children if c.type == "then")
    named = [c for c in node.named_children if c.type != "comment"]
    return [c for c in named if c.start_byte < then], [c for c in named if c.start_byte > then]


def _all(shell: Session, nodes: Sequence[Node]) -> int:
    status = 0
    for node in nodes:
        if node.type != "comment":
            status = shell.follow(node)
    return status


def case(shell: Session, node: Node) -> int:
    """Follow ``case``."""
    value = node.child_by_field_name("value")
    word = Expander(shell).word(value) if value is not None else ""
    falls = False
    status = 0
    for item in node.named_children:
        if item.type != "case_item":
            continue
        patterns = item.children_by_field_name("value")
        if not falls and not any(
            matches(word, to_pattern(Expander(shell).pattern(p))) for p in patterns if p.is_named
        ):
            continue
        behind = next(c.end_byte for c in item.children if c.type == ")")
        status = _all(shell, [c for c in item.named_children if c.start_byte >= behind])
        ends = {c.type for c in item.children}
        falls = ";&" in ends
        if not falls and ";;&" not in ends:
            break
    return status


def assign(shell: Session, node: Node) -> str:
    """Assign a value to a variable and return its name."""
    name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
    if name is None:
        return ""
    key, _, index = text(name).rstrip("]").partition("[")
    old = shell.variables.get(key, [])
    appends = any(c.type == "+=" for c in node.children)
    if value is not None and value.type == "array":
        values = Expander(shell).words(value.named_children)
        values = [*old, *values] if appends else values
    else:
        word = Expander(shell).word(value) if value is not None else ""
        if index.isdigit() and len(index) < 4:
            values = [*old, *[""] * (int(index) + 1 - len(old))]
            values[int(index)] = word
        else:
            values = [(old[0] if appends and old else "") + word]
    charge(sum(len(v) for v in values), len(values))
    shell.variables[key] = values
    return key


def assigned(shell: Session, nodes: Sequence[Node]) -> int:
    """Follow assignments; the exit code is that of the last substitution in them."""
    shell.status = 0
    for node in nodes:
        assign(shell, node)
    return shell.status


def declare(shell: Session, node: Node) -> int:
    """Follow ``export``, ``local`` and the like."""
    shell.status = 0
    names = [assign(shell, c) for c in node.named_children if c.type == "variable_assignment"]
    names += [text(c) for c in node.named_children if c.type == "variable_name"]
    if node.children[0].type == "export":
        shell.exported.update(names)
    return 0


def unset(shell: Session, node: Node) -> int:
    """Follow ``unset``."""
    for child in node.named_children:
        shell.variables.pop(text(child), None)
        shell.functions.pop(text(child), None)
    return 0
