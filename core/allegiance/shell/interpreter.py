"""The interpreter: walks through a shell command without running it and collects its effects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from allegiance.shell.loops import branches, loop
from allegiance.shell.machine import Call, Machine
from allegiance.shell.redirects import KINDS, carry_out, collect, redirected
from allegiance.shell.state import NOTHING, Stream, Word, joined
from allegiance.shell.syntax import parse, text

if TYPE_CHECKING:
    from tree_sitter import Node

_SERIES = ("program", "list", "compound_statement", "do_group", "negated_command", "else_clause")
_FORKED = ("subshell", "command_substitution", "process_substitution")
_LOOPS = ("for_statement", "while_statement", "c_style_for_statement")
_ASSIGNMENTS = ("variable_assignment", "variable_assignments", "declaration_command")


class Interpreter(Machine):
    """Follows the syntax tree of commands and collects their effects."""

    def script(self, source: str, stdin: Stream = NOTHING) -> Stream:
        """Follow a script given as text, in the present state."""
        with self.within(self.state):
            return self.follow(parse(source), stdin)

    def run(self, words: Sequence[Word], stdin: Stream = NOTHING) -> Stream:
        """Follow one command given as words."""
        self.count_step()
        if not words:
            return NOTHING
        if alias := self.state.aliases.pop(words[0].text, None):
            found = self.run([*(Word(w) for w in alias.split()), *words[1:]], stdin)
            self.state.aliases[words[0].text] = alias
            return found
        full = words[0].text
        call = Call(self, full, words[1:], stdin)
        with self.within(self.state):
            if defined := self.state.functions.get(full):
                kept = self.state.arguments
                self.state.arguments = tuple(call.args)
                found = redirected(self, defined, stdin)
                self.state.arguments = kept
                return found
            return self.handlers.get(call.name, self.handlers[""])(call)

    def follow(self, node: Node, stdin: Stream) -> Stream:
        """Follow a node and return what it prints."""
        kind = node.type
        if kind == "command":
            return self.command(node, stdin)
        if kind == "redirected_statement":
            return redirected(self, node, stdin)
        if kind == "pipeline":
            return self.pipe(node.named_children, stdin)
        if kind in _SERIES:
            return self._series(node.named_children, stdin)
        if kind in _FORKED:
            return self.inside(node.named_children, stdin)
        if kind in _LOOPS:
            return loop(self, node, stdin)
        if kind in ("if_statement", "elif_clause", "case_statement"):
            return branches(self, node, stdin)
        if kind == "file_redirect":  # alone in a substitution: $(< file)
            return collect(self, [node]).stdin or NOTHING
        if kind in _ASSIGNMENTS:
            return self._assign(node)
        if kind == "function_definition":
            if name := node.child_by_field_name("name"):
                self.state.functions[text(name)] = node
            return NOTHING
        return self._series(node.named_children, stdin)

    def pipe(self, stages: Sequence[Node], stdin: Stream) -> Stream:
        """Follow a pipeline, each stage in a subshell."""
        for stage in stages:
            stdin = self.inside([stage], stdin)
        return stdin

    def _series(self, nodes: Sequence[Node], stdin: Stream) -> Stream:
        return joined([self.follow(node, stdin) for node in nodes])

    def inside(self, nodes: Sequence[Node], stdin: Stream) -> Stream:
        """Follow commands in a subshell."""
        with self.within(self.state.fork()):
            return self.ended(self._series(nodes, stdin))

    def command(self, node: Node, stdin: Stream, extra: Sequence[Word] = ()) -> Stream:
        """Follow a command; ``extra`` are arguments that stand behind its redirections."""
        kept = dict(self.state.variables)
        expand = self.expander()
        found = collect(self, [c for c in node.children if c.type in KINDS])
        for child in node.children:
            if child.type == "variable_assignment":
                self._assign(child)
        plain = [c for c in node.children if c.type not in (*KINDS, "variable_assignment")]
        words = [*expand.words(*plain), *found.extra, *extra]
        if stdin == NOTHING and (opened := self.state.descriptors.get("0")):
            stdin = Stream(sources=(self.path(opened),))
        stream = carry_out(self, found, stdin, lambda given: self.run(words, given))
        if words and words[0].text not in ("export", "read", "eval", ".", "source"):
            for child in node.children:
                if child.type == "variable_assignment":
                    name = text(child).partition("=")[0]
                    self.state.variables.pop(name, None)
                    if name in kept:
                        self.state.variables[name] = kept[name]
        for child in node.children:
            if child.type == "process_substitution" and text(child).startswith(">"):
                self.inside(child.named_children, joined([stream, stdin]))
        return stream

    def _assign(self, node: Node) -> Stream:
        if node.type != "variable_assignment":
            for child in node.named_children:
                if child.type == "variable_assignment":
                    self._assign(child)
            return NOTHING
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if name is None:
            return NOTHING
        key = text(name).partition("[")[0]
        expand = self.expander()
        if value is not None and value.type == "array":
            given = tuple(expand.words(*value.named_children))
        else:
            given = (expand.word(value) if value is not None else Word(""),)
        old = self.state.variables.get(key, ())
        if name.type == "subscript":
            given = old + given
        elif any(c.type == "+=" for c in node.children):
            given = (
                old + given
                if len(given) > 1 or len(old) > 1
                else ((old[0] if old else Word("")) + given[0],)
            )
        self.state.variables[key] = given
        return NOTHING
