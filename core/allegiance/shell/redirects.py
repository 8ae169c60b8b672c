"""Redirections: where a command's input comes from, and where its output goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from allegiance.shell.machine import Machine
from allegiance.shell.state import NOTHING, SOMETHING, Stream, Word, joined
from allegiance.shell.syntax import text

if TYPE_CHECKING:
    from tree_sitter import Node

KINDS = ("file_redirect", "heredoc_redirect", "herestring_redirect")


@dataclass
class Redirects:
    """The redirections of one command.

    Attributes:
        stdin: What it reads, if that is redirected.
        outputs: Files, whether they are appended to, and whether only errors go there.
        sinks: Commands that its output is piped to, as ``> >(command)``.
        extra: Arguments that stand behind a redirection.
        stages: The rest of a pipeline that begins with a here-document.
        after: Commands that follow on the line of a here-document.
        opened: Files opened under a number, for ``exec``.
    """

    stdin: Stream | None = None
    outputs: list[tuple[str, bool, bool]] = field(default_factory=list)
    sinks: list[Node] = field(default_factory=list)
    extra: list[Word] = field(default_factory=list)
    stages: list[Node] = field(default_factory=list)
    after: list[Node] = field(default_factory=list)
    opened: dict[str, str] = field(default_factory=dict)


def collect(machine: Machine, nodes: Sequence[Node]) -> Redirects:
    """Return what some redirections say."""
    found = Redirects()
    for node in nodes:
        if node.type == "heredoc_redirect":
            _document(machine, node, found)
        elif node.type == "herestring_redirect":
            word = machine.expander().word(node.named_children[-1])
            known = word.text + "\n" if word.known else None
            found.stdin = Stream(text=known, sources=word.sources)
        elif node.type == "file_redirect":
            _file(machine, node, found)
    return found


def carry_out(
    machine: Machine,
    found: Redirects,
    stdin: Stream,
    body: Callable[[Stream], Stream],
) -> Stream:
    """Follow a command under its redirections and return what is left on its output."""
    stream = body(stdin if found.stdin is None else found.stdin)
    for sink in found.sinks:
        machine.inside(sink.named_children, stream)
    for name, append, errors in found.outputs:
        machine.store(name, SOMETHING if errors else stream, append=append)
    if found.sinks or any(not errors for _, _, errors in found.outputs):
        stream = NOTHING
    for stage in found.stages:
        stream = machine.follow(stage, stream)
    return joined([stream, *(machine.follow(node, NOTHING) for node in found.after)])


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
                return _under(machine, last, nodes, piped)
        before = [machine.follow(other, stdin) for other in others]
        return joined([*before, _under(machine, last, nodes, stdin)])
    found = collect(machine, nodes)

    def follow(given: Stream) -> Stream:
        if body is None:
            return machine.run(found.extra, given) if found.extra else NOTHING
        if body.type == "command":
            return machine.command(body, given, found.extra)
        return machine.follow(body, given)

    if body is not None and text(body) == "exec":
        machine.state.descriptors.update(found.opened)
    return carry_out(machine, found, stdin, follow)


def _document(machine: Machine, node: Node, found: Redirects) -> None:
    expand = machine.expander()
    body: Node | None = None
    quoted = False
    for child in node.children:
        if child.type == "heredoc_start":
            quoted = any(c in text(child) for c in "'\"\\")
        elif child.type == "heredoc_body":
            body = child
        elif child.type == "file_redirect":
            _file(machine, child, found)
        elif child.type == "pipeline":
            found.stages += child.named_children
        elif child.is_named and child.type not in ("heredoc_end", "file_descriptor"):
            at = node.children.index(child)
            if node.field_name_for_child(at) == "argument":
                found.extra += expand.words(child)
            else:
                found.after.append(child)
    word = expand.document(body) if body and not quoted else Word(text(body) if body else "")
    if any(c.type == "<<-" for c in node.children):
        stripped = "\n".join(line.lstrip("\t") for line in word.text.split("\n"))
        word = Word(stripped, word.known, word.sources)
    found.stdin = Stream(text=word.text if word.known else None, sources=word.sources)


def _file(machine: Machine, node: Node, found: Redirects) -> None:
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
    if place.type == "process_substitution" and text(place).startswith(">"):
        found.sinks.append(place)
        found.extra += machine.expander().words(*places[1:])
        return
    words = machine.expander().words(*places) or [Word("")]
    found.extra += words[1:]
    name = words[0].text
    if operator.endswith("&"):
        opened = machine.state.descriptors.get(name)
        if name.isdigit() or name == "-":
            if opened and operator == "<&":
                found.stdin = Stream(sources=(machine.path(opened),))
            elif opened:
                found.outputs.append((opened, True, number == "2"))
            return
    if operator.startswith("<"):
        found.opened[number or "0"] = name
        target = machine.path(name)
        known = machine.state.files.get(target)
        found.stdin = words[0].stream or Stream(text=known, sources=(target,))
        if name == "/dev/null":
            found.stdin = NOTHING
        elif words[0].stream is None:
            machine.emit("read", target)
        return
    found.opened[number or "1"] = name
    found.outputs.append((name, ">>" in operator, number == "2"))
