"""Redirections: where a command's input comes from and where its output goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING

from allegiance.shell.machine import Machine
from allegiance.shell.state import (
    NOTHING,
    SOMETHING,
    Outlet,
    Outlets,
    Redirects,
    Stream,
    Word,
    joined,
    numbered,
)
from allegiance.shell.syntax import text

if TYPE_CHECKING:
    from tree_sitter import Node

KINDS = ("file_redirect", "heredoc_redirect", "herestring_redirect")


def collect(machine: Machine, nodes: Sequence[Node]) -> Redirects:
    """Read the redirections of one command."""
    redirects = Redirects()
    for node in nodes:
        if node.type == "heredoc_redirect":
            _document(machine, node, redirects)
        elif node.type == "herestring_redirect":
            word = machine.expander().word(node.named_children[-1])
            content = word.text + "\n" if word.known else None
            redirects.stdin = Stream(text=content, sources=word.sources)
            redirects.opened["0"] = (redirects.stdin,)
        elif node.type == "file_redirect":
            _file(machine, node, redirects)
    return redirects


def carry_out(
    machine: Machine,
    redirects: Redirects,
    stdin: Stream,
    body: Callable[[Stream], Stream],
) -> Stream:
    """Follow a command under its redirections; return what remains on its standard output."""
    table = machine.state.descriptors
    output_redirected = any(not errors for _, _, errors in redirects.outputs)
    opened = {n: o for n, o in redirects.opened.items() if n not in ("0", "1")}
    hidden = [
        n for n, hides in (("0", redirects.stdin is not None), ("1", output_redirected)) if hides
    ]
    within = {n: o for n, o in table.items() if n not in hidden} | opened
    machine.state.descriptors = within
    source = stdin if redirects.stdin is None else redirects.stdin
    if output_redirected:
        with machine.collected() as pieces:
            number = machine.collecting
            stream = joined([body(source), *pieces])
    else:
        number, stream = -1, body(source)
    _close(machine, redirects, table, [*hidden, *opened], number)
    rest = []
    for outlets, append, errors in redirects.outputs:
        rest.append(machine.deliver(SOMETHING if errors else stream, outlets, append=append))
    stream = joined(rest if output_redirected else [stream])
    for stage in redirects.stages:
        stream = machine.follow(stage, stream)
    return joined([stream, *(machine.follow(node, NOTHING) for node in redirects.after)])


def _close(
    machine: Machine,
    redirects: Redirects,
    before: Mapping[str, Outlets],
    numbers: Sequence[str],
    collection: int,
) -> None:
    """Restore the descriptors after a command, unless it is a bare ``exec``."""
    table = dict(machine.state.descriptors)
    for number in numbers:
        table.pop(number, None)
        if number in before:
            table[number] = before[number]
    places = tuple(o for outlets, _, errors in redirects.outputs if not errors for o in outlets)
    for number, outlets in table.items():  # a copy of a closed output leads where that output went
        if collection in outlets:
            table[number] = (*(o for o in outlets if o != collection), *places)
    if redirects.permanent:
        table.update(redirects.opened)
    machine.state.descriptors = table


def redirected(machine: Machine, node: Node, stdin: Stream) -> Stream:
    """Follow a statement that has redirections."""
    nodes = [c for c in node.children if c.type in KINDS]
    return _under(machine, node.child_by_field_name("body"), nodes, stdin)


def _under(machine: Machine, body: Node | None, nodes: Sequence[Node], stdin: Stream) -> Stream:
    """Follow a command under redirections, which bind to the last one of a list or pipeline."""
    if body is not None and body.type in ("list", "pipeline", "negated_command"):
        *others, last = body.named_children
        if body.type == "pipeline":
            piped = machine.pipe(others, stdin)
            with machine.within(machine.state.fork()):
                if others:
                    machine.state.descriptors.pop("0", None)
                return _under(machine, last, nodes, piped)
        before = [machine.follow(other, stdin) for other in others]
        with machine.perhaps() if others else nullcontext():
            return joined([*before, _under(machine, last, nodes, stdin)])
    redirects = collect(machine, nodes)
    if body is not None and body.type == "command":
        return machine.command(body, stdin, redirects)

    def follow(source: Stream) -> Stream:
        if body is None:
            return machine.run(redirects.extra, source) if redirects.extra else NOTHING
        return machine.follow(body, source)

    return carry_out(machine, redirects, stdin, follow)


def _document(machine: Machine, node: Node, redirects: Redirects) -> None:
    expand = machine.expander()
    body: Node | None = None
    quoted = False
    for child in node.children:
        if child.type == "heredoc_start":
            quoted = any(c in text(child) for c in "'\"\\")
        elif child.type == "heredoc_body":
            body = child
        elif child.type == "file_redirect":
            _file(machine, child, redirects)
        elif child.type == "pipeline":
            redirects.stages += child.named_children
        elif child.is_named and child.type not in ("heredoc_end", "file_descriptor"):
            index = node.children.index(child)
            if node.field_name_for_child(index) == "argument":
                redirects.extra += expand.words(child)
            else:
                redirects.after.append(child)
    word = expand.document(body) if body and not quoted else Word(text(body) if body else "")
    if any(c.type == "<<-" for c in node.children):
        stripped = "\n".join(line.lstrip("\t") for line in word.text.split("\n"))
        word = Word(stripped, word.known, word.sources)
    redirects.stdin = Stream(text=word.text if word.known else None, sources=word.sources)
    redirects.opened["0"] = (redirects.stdin,)


def _file(machine: Machine, node: Node, redirects: Redirects) -> None:
    number, operator = "", ""
    places: list[Node] = []
    for child in node.children:
        if child.type == "file_descriptor":
            number = text(child)
        elif not operator and not child.is_named:
            operator = child.type
        elif child.is_named or child.type == "$":
            places.append(child)
    if not places:
        return
    place = places[0]
    outlet: Outlet
    if place.type == "process_substitution" and text(place).startswith(">"):
        redirects.extra += machine.expander().words(*places[1:])
        outlet = place
    else:
        words = machine.expander().words(*places) or [Word("")]
        redirects.extra += words[1:]
        outlet = name = words[0].text
        copied = numbered(name) if words[0].stream is None else ""
        if operator.endswith("&"):
            copied = name.removesuffix("-")
        if copied.isdigit() or (operator.endswith("&") and name == "-"):
            _copy(machine, redirects, number or ("0" if operator[0] == "<" else "1"), copied)
            return
        if operator.startswith("<"):
            _input(machine, redirects, number, words[0])
            return
    both = operator.startswith("&>") or (operator == ">&" and not number)
    for opened in ("1", "2") if both else (number or "1",):
        redirects.opened[opened] = (outlet,)
    redirects.outputs.append(((outlet,), ">>" in operator, number == "2"))


def _input(machine: Machine, redirects: Redirects, number: str, word: Word) -> None:
    """Open a file for reading."""
    target = machine.path(word.text)
    content = machine.state.files.get(target)
    redirects.stdin = word.stream or Stream(text=content, sources=(target,))
    if word.text == "/dev/null":
        redirects.stdin = NOTHING
    elif word.stream is None:
        machine.emit("read", target)
    redirects.opened[number or "0"] = (redirects.stdin,)


def _copy(machine: Machine, redirects: Redirects, number: str, name: str) -> None:
    """Copy a descriptor, as ``>&3`` does, or close it, as ``>&-`` does."""
    if not name:
        redirects.opened[number] = ()
        return
    outlets = redirects.opened.get(name) or machine.state.descriptors.get(name)
    redirects.opened[number] = outlets or (machine.collecting,)
    if outlets and number == "0":
        redirects.stdin = machine.receive(NOTHING, name) if name not in redirects.opened else (
            joined(o for o in outlets if isinstance(o, Stream)))  # fmt: skip
    elif outlets and (name not in redirects.opened or (name == "2" and number == "1")):
        redirects.outputs.append((outlets, True, number == "2"))
