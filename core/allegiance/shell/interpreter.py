"""The interpreter: walks through a shell command, without running it, and collects its effects."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING

from allegiance.shell.budget import charge, charge_visit
from allegiance.shell.call import Call
from allegiance.shell.loops import branches, loop
from allegiance.shell.machine import Machine
from allegiance.shell.redirects import KINDS, carry_out, collect, redirected
from allegiance.shell.state import NOTHING, Redirects, Stream, Word, joined
from allegiance.shell.syntax import parse, text
from allegiance.shell.targets import UNKNOWN

if TYPE_CHECKING:
    from tree_sitter import Node

WORDS = 10_000
"""The most words that a single command may have."""

WRITTEN = "./"
"""The handler of a path that the command line itself wrote: a script, whatever its name is."""

_FORKED = ("command_substitution", "process_substitution")
_STATEMENTS: dict[str, Callable[[Machine, Node, Stream], Stream]] = {
    "redirected_statement": redirected,
    **dict.fromkeys(("for_statement", "while_statement", "c_style_for_statement"), loop),
    **dict.fromkeys(("if_statement", "elif_clause", "case_statement"), branches),
}
_CODE = "<>|&;()$`\"'\\\n"
"""Characters that make more of the text of an alias than words."""

_BEGINS = frozenset(("{", "(", "((", "[[", "if", "for", "while", "until", "case", "select"))
_ENDS = frozenset(("}", "fi", "done", "esac", "then", "else", "elif", "do"))
_ASSIGNMENTS = ("variable_assignment", "variable_assignments", "declaration_command")


class Interpreter(Machine):
    """Follows the syntax tree of commands and collects their effects."""

    def script(self, source: str, stdin: Stream = NOTHING) -> Stream:
        """Follow a script given as a string, in the present state."""
        with self.within(self.state):
            return self.follow(parse(source), stdin)

    def run(self, words: Sequence[Word], stdin: Stream = NOTHING) -> Stream:
        """Follow one command given as words."""
        self.count_step()
        if not words:
            return NOTHING
        if len(words) > WORDS:
            raise ValueError(f"the shell command has a part of more than {WORDS:,} words")
        if words[0].text in self.state.aliases:
            return self._alias(words, stdin)
        full = words[0].text
        call = Call(self, full, words[1:], stdin)
        with self.within(self.state):
            if defined := self.state.functions.get(full):
                outer_arguments = self.state.arguments
                self.state.arguments = tuple(call.args)
                with self.perhaps():  # it may return before it redirects anything
                    stream = redirected(self, defined, stdin)
                self.state.arguments = outer_arguments
                return stream
            if "/" in full and self.wrote(full):
                return self.handlers[WRITTEN](call)
            return self.handlers.get(call.name, self.handlers[""])(call)

    def _alias(self, words: Sequence[Word], stdin: Stream) -> Stream:
        """Follow a command whose name is an alias: its text may be any code."""
        name, rest = words[0].text, words[1:]
        alias = self.state.aliases.pop(name)
        if any(char in alias for char in _CODE):
            source = " ".join([alias, *(shlex.quote(w.text) for w in rest)])
            stream = self.script(source, stdin)
        else:
            stream = self.run([*(Word(w) for w in alias.split()), *rest], stdin)
        self.state.aliases[name] = alias
        return stream

    def leave(self) -> Stream:
        """Follow the traps of a shell that ends, or that redirects its output for good."""
        traps, self.state.traps = self.state.traps, ()
        with self.perhaps():
            stream = joined([self.script(code) for code in traps])
        self.state.traps = traps
        return stream

    def follow(self, node: Node, stdin: Stream) -> Stream:
        """Follow a node and return what it prints."""
        charge_visit()
        kind = node.type
        if follower := _STATEMENTS.get(kind):
            return follower(self, node, stdin)
        if kind == "command":
            return self.command(node, stdin)
        if kind == "pipeline":
            return self._pipeline(node.named_children, stdin)
        if kind == "subshell":
            with self.within(self.state.subshell()):
                return joined([self._series(node.named_children, stdin), self.leave()])
        if kind in _FORKED:
            return self.inside(node.named_children, stdin)
        if kind == "file_redirect":  # alone in a substitution: $(< file)
            return collect(self, [node]).stdin or NOTHING
        if kind in _ASSIGNMENTS:
            return self._assign(node)
        if kind == "function_definition":
            if name := node.child_by_field_name("name"):
                self.state.functions[text(name)] = node
            return NOTHING
        return self._series(node.named_children, stdin, listed=kind == "list")

    def pipe(self, stages: Sequence[Node], stdin: Stream) -> Stream:
        """Follow the stages of a pipeline, each in a subshell, and return the last one's output."""
        for index, stage in enumerate(stages):
            stdin = self.inside([stage], stdin, piped=index > 0)
        return stdin

    def _pipeline(self, stages: Sequence[Node], stdin: Stream) -> Stream:
        """Follow a pipeline; its last stage prints where the shell does."""
        piped = self.pipe(stages[:-1], stdin)
        with self.within(self.state.subshell()):
            if len(stages) > 1:
                self.state.descriptors.pop("0", None)
            return joined([self._series(stages[-1:], piped), self.leave()])

    def _series(self, nodes: Sequence[Node], stdin: Stream, *, listed: bool = False) -> Stream:
        """Follow nodes one after the other.

        Args:
            nodes: The nodes.
            stdin: What they read.
            listed: Whether they are a list such as ``a && b``, whose later parts may not run.
        """
        streams = []
        for index, node in enumerate(nodes):
            after = node.next_sibling
            apart = after is not None and after.type == "&"  # in a shell of its own
            with self.perhaps() if apart or (listed and index) else nullcontext():
                streams.append(self.follow(node, stdin))
        return joined(streams)

    def inside(self, nodes: Sequence[Node], stdin: Stream, *, piped: bool = True) -> Stream:
        """Follow commands in a subshell and return what they print.

        Args:
            nodes: The commands.
            stdin: What they read.
            piped: Whether ``stdin`` replaces what the shell itself reads.
        """
        with self.within(self.state.subshell()), self.collected() as pieces:
            self.state.descriptors.pop("1", None)
            if piped and stdin != NOTHING:
                self.state.descriptors.pop("0", None)
            return joined([self._series(nodes, stdin), self.leave(), *pieces])

    def command(self, node: Node, stdin: Stream, outer: Redirects | None = None) -> Stream:
        """Follow a command under its redirections; ``outer`` are those written around it."""
        assigned = any(c.type == "variable_assignment" for c in node.children)
        variables = dict(self.state.variables) if assigned else {}
        charge(len(variables))
        expand = self.expander()
        redirects = _both(outer, collect(self, [c for c in node.children if c.type in KINDS]))
        for child in node.children:
            if child.type == "variable_assignment":
                self._assign(child)
        plain = [c for c in node.children if c.type not in (*KINDS, "variable_assignment")]
        words = [*expand.words(*plain), *redirects.extra]
        _check_reserved(words)
        redirects.permanent = _is_exec(words)
        outlets = self.state.descriptors.get("1", (self.collecting,))
        redirected_output = any(not errors for _, _, errors in redirects.outputs)
        if redirects.stdin is None:
            stdin = self.receive(stdin)

        printed = [stdin if outer is None or outer.stdin is None else outer.stdin]

        def run(source: Stream) -> Stream:
            stream = self.run(words, source)
            printed.append(stream)
            return stream if redirected_output else self.deliver(stream, outlets)

        stream = carry_out(self, redirects, stdin, run)
        if redirects.permanent and self.state.traps:
            stream = joined([stream, self.leave()])  # a signal may come from now on
        if assigned and words and words[0].text not in ("export", "read", "eval", ".", "source"):
            self._restore(node, variables)
        for child in node.children:
            if child.type == "process_substitution" and text(child).startswith(">"):
                self.inside(child.named_children, joined(printed))
        return stream

    def _restore(self, node: Node, kept: Mapping[str, tuple[Word, ...]]) -> None:
        """Undo the assignments in front of a command."""
        for child in node.children:
            if child.type == "variable_assignment":
                name = text(child).partition("=")[0]
                self.state.variables.pop(name, None)
                if name in kept:
                    self.state.variables[name] = kept[name]

    def _assign(self, node: Node) -> Stream:
        if node.type != "variable_assignment":
            refers = _REFERENCE.match(text(node)) is not None
            for child in node.named_children:
                if child.type == "variable_assignment":
                    self._assign(child)
                    name = child.child_by_field_name("name")
                    if refers and name is not None:  # it stands for another variable
                        self.state.variables[text(name)] = (Word(UNKNOWN, known=False),)
            return NOTHING
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if name is None:
            return NOTHING
        key = text(name).partition("[")[0]
        expand = self.expander()
        if value is not None and value.type == "array":
            values = tuple(_element(word) for word in expand.words(*value.named_children))
        else:
            values = (expand.word(value) if value is not None else Word(""),)
        old = self.state.variables.get(key, ())
        if name.type == "subscript":
            charge(len(old))
            values = old + values
        elif any(c.type == "+=" for c in node.children):
            values = (
                old + values
                if len(values) > 1 or len(old) > 1
                else ((old[0] if old else Word("")) + values[0],)
            )
        self.state.variables[key] = values
        return NOTHING


_REFERENCE = re.compile(r"(?:declare|typeset|local)\s+-\w*n")
_KEY = re.compile(r"\[[^\]=]{0,200}\]=")


def _element(word: Word) -> Word:
    """Return a value of an array without its key, as in ``([key]=value)``."""
    match = _KEY.match(word.text)
    return Word(word.text[match.end() :], word.known, word.sources) if match else word


def _both(outer: Redirects | None, inner: Redirects) -> Redirects:
    """Merge the redirections around a command with those among its words."""
    if outer is None:
        return inner
    return Redirects(
        stdin=outer.stdin if inner.stdin is None else inner.stdin,
        outputs=[*inner.outputs, *outer.outputs],
        extra=[*inner.extra, *outer.extra],
        stages=[*inner.stages, *outer.stages],
        after=[*inner.after, *outer.after],
        opened={**inner.opened, **outer.opened},
    )


def _check_reserved(words: Sequence[Word]) -> None:
    """Refuse a compound command that the parser takes for a simple command.

    It does so behind ``time`` and ``coproc``, and then binds redirections to the wrong command.
    """
    texts = [word.text for word in words[:3]]
    begins = _BEGINS.intersection(texts[1:])
    if texts and (texts[0] in _ENDS or (texts[0] in ("time", "coproc") and begins)):
        raise ValueError(f"the shell command cannot be parsed: {' '.join(texts)[:80]!r}")


def _is_exec(words: Sequence[Word]) -> bool:
    """Tell whether a command is a bare ``exec``, whose redirections stay in force."""
    texts = [word.text for word in words]
    while texts and texts[0] in ("command", "builtin", "time"):
        texts = texts[1:]
        while texts and texts[0] in ("-p", "--"):
            texts = texts[1:]
    return texts in (["exec"], ["exec", "--"])
