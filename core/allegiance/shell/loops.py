"""Loops and branches: each pass of a loop with its value, each branch from the same state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from allegiance.shell.machine import Machine
from allegiance.shell.state import NOTHING, ShellState, Stream, Word, either, joined
from allegiance.shell.syntax import text
from allegiance.shell.targets import UNKNOWN

if TYPE_CHECKING:
    from tree_sitter import Node

TURNS = 64
"""The largest number of passes that are followed one by one; the rest are followed as one."""

T = TypeVar("T")

_ANY = Word(UNKNOWN, known=False)


def loop(machine: Machine, node: Node, stdin: Stream) -> Stream:
    """Follow a loop."""
    with machine.perhaps():  # the loop may have no pass, or one that ends early
        if node.type == "for_statement":
            return _each(machine, node, stdin)
        return _while(machine, node, machine.receive(stdin))


def _while(machine: Machine, node: Node, stdin: Stream) -> Stream:
    body = node.child_by_field_name("body")
    conditions = [c for c in node.named_children if c != body]
    readers = [c for c in conditions if c.type == "command" and _reads(text(c))]
    if not readers or body is None:
        turns = [machine.follow(c, stdin) for _ in range(2) for c in node.named_children]
        return joined(turns)
    lines = stdin.lines()
    machine.state.descriptors.pop("0", None)  # each pass reads a line of it
    turns = []
    for line in [UNKNOWN] if lines is None else few(lines, UNKNOWN):
        sources = stdin.sources if lines is None else ()
        piece = Stream(text=None if line == UNKNOWN else f"{line}\n", sources=sources)
        if stdin.names is not None:
            piece = Stream(names=(line,))
        machine.follow(readers[0], piece)
        turns.append(machine.follow(body, NOTHING))
    return joined(turns)


def branches(machine: Machine, node: Node, stdin: Stream) -> Stream:
    """Follow every branch of a statement from the same state; keep what all branches agree on."""
    groups: list[list[Node]] = [[]]
    streams: list[Stream] = []
    at_condition = node.type != "case_statement"
    for child in node.children:
        if child.type == "then":
            at_condition = False
        elif child.type in ("elif_clause", "else_clause", "case_item"):
            groups.append([child])
        elif child.is_named and at_condition:
            streams.append(machine.follow(child, stdin))
        elif child.is_named and node.type != "case_statement":
            groups[0].append(child)
    ends: list[ShellState] = []
    if not any(g and g[0].type == "else_clause" for g in groups[1:]):
        ends.append(machine.state.fork())
    for group in groups:
        with machine.within(machine.state.fork()):
            for child in group:
                body = _statements(child) if child.type == "case_item" else [child]
                streams += [machine.follow(statement, stdin) for statement in body]
            ends.append(machine.state)
        if _runs_on(group):
            later = [machine.state.descriptors, ends[-1].descriptors]
            machine.state.descriptors = either(later, machine.collecting)
    machine.state.meet(ends, machine.collecting)
    return joined(streams)


def _reads(command: str) -> bool:
    words = command.split()
    return words[:1] == ["read"] and not any(w.startswith("-") and "u" in w for w in words)


def _runs_on(group: Sequence[Node]) -> bool:
    """Tell whether a later branch can be reached from a group: by ``elif`` or through ``;&``."""
    ends = {"elif_clause", ";&", ";;&"}
    return any(g.type == "elif_clause" or ends & {c.type for c in g.children} for g in group)


def _statements(item: Node) -> list[Node]:
    behind = next((c.end_byte for c in item.children if c.type == ")"), item.start_byte)
    return [c for c in item.named_children if c.start_byte >= behind]


def _each(machine: Machine, node: Node, stdin: Stream) -> Stream:
    expand = machine.expander()
    name = node.child_by_field_name("variable")
    body = node.child_by_field_name("body")
    if name is None or body is None:
        return NOTHING
    values = expand.words(*node.children_by_field_name("value"))
    if not any(c.type == "in" for c in node.children):
        values = expand.lookup("@") or [_ANY]
    turns = []
    for value in few(values, _ANY):
        machine.state.variables[text(name)] = (value,)
        turns.append(machine.follow(body, stdin))
    return joined(turns)


def few(values: Sequence[T], rest: T) -> list[T]:
    """Return the distinct values; those beyond ``TURNS`` are replaced by ``rest``."""
    distinct = list(dict.fromkeys(values))
    return distinct if len(distinct) <= TURNS else [*distinct[:TURNS], rest]
