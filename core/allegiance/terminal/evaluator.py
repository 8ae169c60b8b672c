"""The evaluator: follows the syntax of a command and runs it on the simulated files."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from allegiance.shell.budget import charge_visit
from allegiance.shell.syntax import text
from allegiance.terminal import loops
from allegiance.terminal.arithmetic import evaluate
from allegiance.terminal.call import Call, Program
from allegiance.terminal.conditions import holds
from allegiance.terminal.expansion import Expander
from allegiance.terminal.files import FileError, FileSystem
from allegiance.terminal.options import UsageError
from allegiance.terminal.redirection import KINDS, tail, under
from allegiance.terminal.session import Leave, Session, SyntaxFault
from allegiance.terminal.streams import Buffer, Input

if TYPE_CHECKING:
    from tree_sitter import Node

_BIN = ("/bin", "/usr/bin", "/sbin", "/usr/sbin", "/usr/local/bin")
_RESERVED = (
    *("{", "}", "(", "((", "if", "then", "elif", "else", "fi", "for", "while", "until", "do"),
    *("done", "case", "esac", "select", "coproc"),
)
_TROUBLE = ("ls", "grep", "egrep", "fgrep", "diff", "sort", "cmp", "test", "[", "tar")
"""Programs whose exit code for wrong arguments is 2."""


class Evaluator(Session):
    """Runs scripts.

    Attributes:
        programs: The programs by name.
    """

    def __init__(
        self, files: FileSystem, host: str, cwd: str, programs: Mapping[str, Program]
    ) -> None:
        super().__init__(files, host, cwd)
        self.programs = programs

    def follow(self, node: Node) -> int:
        """Follow a node of the syntax tree and return its exit code."""
        charge_visit()
        if node.type == "comment":
            return self.status
        follower = _FOLLOWERS.get(node.type)
        self.status = follower(self, node) if follower else self._series(node)
        checked = node.type in ("command", "pipeline", "redirected_statement", "test_command")
        if checked and self.status and "e" in self.flags and not self.exempt:
            raise Leave("exit", self.status)
        return self.status

    @contextmanager
    def condition(self) -> Iterator[None]:
        """Follow the enclosed commands as a condition, which may fail under ``set -e``."""
        self.exempt += 1
        try:
            yield
        finally:
            self.exempt -= 1

    def run(self, words: Sequence[str]) -> int:
        """Run one command given as words."""
        self.count_step()
        if not words:
            return self.status
        name, args = words[0], list(words[1:])
        if (body := self.functions.get(name)) is not None:
            return self._call(body, args)
        head, base = posixpath.split(name)
        program = self.programs.get(base if head in _BIN else name)
        if program is None:
            return self._missing(name)
        if args[:1] == ["--help"] and base not in ("echo", "test", "[", "printf"):
            self.print(f"Usage: {base} [OPTION]... [FILE]...\n")
            return 0
        try:
            return program(Call(self, base, args))
        except UsageError as error:
            self.complain(f"{base}: {error}")
            return 2 if base in _TROUBLE else 1
        except FileError as error:
            self.complain(f"{base}: {error}")
            return 1

    def known(self) -> Collection[str]:
        """Return the names of the programs."""
        return self.programs

    def _missing(self, name: str) -> int:
        status = self.files.status(self.place(name)) if "/" in name else None
        if "/" not in name:
            self.complain(f"bash: {name}: command not found")
        elif status is None:
            self.complain(f"bash: {name}: No such file or directory")
        else:
            why = "Is a directory" if status.directory else "Permission denied"
            self.complain(f"bash: {name}: {why}")
        return 126 if status is not None else 127

    def _call(self, body: Node, args: list[str]) -> int:
        outer, self.arguments = self.arguments, args
        try:
            with self.deeper():
                return self.follow(body)
        except Leave as leave:
            if leave.kind != "return":
                raise
            return leave.status
        finally:
            self.arguments = outer

    def _series(self, node: Node) -> int:
        status = self.status if node.named_children else 0
        for child in node.named_children:
            if child.type != "comment":
                status = self.follow(child)
        return status

    def _list(self, node: Node, last: Callable[[Node], int] | None = None) -> int:
        """Follow ``a && b`` or ``a || b``; ``last`` follows the last command."""
        left, sign, right = node.children[0], node.children[1].type, node.children[-1]
        with self.condition():
            status = self.follow(left)
        if sign == "&" or (status == 0) == (sign == "&&"):
            return (last or self.follow)(right)
        return status

    def _pipeline(self, node: Node) -> int:
        return self._piped(node, self.follow)

    def _piped(self, node: Node, last: Callable[[Node], int]) -> int:
        """Follow the stages of a pipeline; ``last`` follows the last one."""
        stages = node.named_children
        worst = 0
        stdin = self.stdin
        both = {c.end_byte for c in node.children if c.type == "|&"}
        for index, stage in enumerate(stages[:-1]):
            buffer = Buffer()
            after = stages[index + 1].start_byte
            with self.condition(), self.apart():
                self.outputs[1], self.stdin = buffer, stdin
                if any(stage.end_byte <= end <= after for end in both):
                    self.outputs[2] = buffer
                status = self.isolated([stage])
            worst = status or worst
            stdin = Input(buffer.content())
        with self.condition(), self.apart():
            self.stdin = stdin
            try:
                status = last(stages[-1])
            except Leave as leave:
                status = leave.status if leave.kind in ("exit", "return") else 0
        return (status or worst) if "pipefail" in self.flags else status

    def _redirected(self, node: Node) -> int:
        nodes = [c for c in node.children if c.type in KINDS]
        body = node.child_by_field_name("body")
        stages, after = tail(nodes)
        if stages:
            buffer = Buffer()
            with self.condition(), self.apart():
                self.outputs[1] = buffer
                status = self._bound(body, nodes)
            for stage in stages[:-1]:
                with self.condition(), self.apart():
                    self.stdin = Input(buffer.content())
                    self.outputs[1] = buffer = Buffer()
                    self.isolated([stage])
            with self.apart():
                self.stdin = Input(buffer.content())
                status = self.isolated(stages[-1:])
        else:
            status = self._bound(body, nodes)
        for sign, command in after:
            self.status = status
            if sign == ";" or (status == 0) == (sign == "&&"):
                status = self.follow(command)
        return status

    def _bound(self, body: Node | None, nodes: Sequence[Node]) -> int:
        """Follow a command under redirections, which bind to the last one of a list."""
        if body is None:
            return under(self, nodes, lambda: 0)
        if body.type == "list":
            return self._list(body, lambda last: self._bound(last, nodes))
        if body.type == "pipeline":
            return self._piped(body, lambda last: self._bound(last, nodes))
        if body.type == "negated_command":
            with self.condition():
                return int(not self._bound(body.named_children[0], nodes))
        extra = [word for node in nodes for word in self._extra(node)]
        if body.type == "command":
            return under(self, nodes, lambda: self._command(body, extra))
        return under(self, nodes, lambda: self.follow(body))

    def _extra(self, node: Node) -> list[str]:
        """Return the arguments that are written behind a redirection."""
        if node.type == "heredoc_redirect":
            arguments = node.children_by_field_name("argument")
            return Expander(self).words(arguments) if arguments else []
        places = [c for c in node.named_children if c.type != "file_descriptor"]
        return Expander(self).words(places[1:]) if node.type == "file_redirect" else []

    def _command(self, node: Node, extra: Sequence[str] = ()) -> int:
        """Run a command with the redirections among its words."""
        nodes = [c for c in node.children if c.type in KINDS]
        assignments = [c for c in node.children if c.type == "variable_assignment"]
        skipped = (*KINDS, "variable_assignment")
        words = Expander(self).words([c for c in node.children if c.type not in skipped])
        words += [word for child in nodes for word in self._extra(child)]
        words += extra
        words = words[1:] if words[:1] == ["time"] else words
        if words and words[0] in _RESERVED:  # the parser takes some for names of programs
            raise SyntaxFault(f"line 1: syntax error near unexpected token `{words[0]}'")

        def body() -> int:
            if not words:
                for assignment in assignments:
                    loops.assign(self, assignment)
                return self.status
            saved = dict(self.variables) if assignments else {}
            exported = set(self.exported)
            names = [loops.assign(self, assignment) for assignment in assignments]
            self.exported.update(names)
            try:
                return self.run(words)
            finally:
                self._restore(names, saved, exported)

        return under(self, nodes, body) if nodes else body()

    def _restore(
        self, names: Sequence[str], saved: Mapping[str, list[str]], exported: set[str]
    ) -> None:
        """Undo the assignments in front of a command."""
        for name in names:
            self.variables.pop(name, None)
            if name in saved:
                self.variables[name] = saved[name]
        if names:
            self.exported = exported

    def _subshell(self, node: Node) -> int:
        with self.apart():
            return self.isolated([c for c in node.named_children if c.type != "comment"])

    def _negated(self, node: Node) -> int:
        with self.condition():
            return int(not self.follow(node.named_children[0]))

    def _compound(self, node: Node) -> int:
        if node.children[0].type == "((":
            values = [evaluate(self, child) for child in node.named_children]
            return int(not values or values[-1] == 0)
        return self._series(node)

    def _test(self, node: Node) -> int:
        self.count_step()
        try:
            return int(not holds(self, node))
        except UsageError as error:
            self.complain(f"bash: [: {error}")
            return 2

    def _define(self, node: Node) -> int:
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        if name is not None and body is not None:
            self.functions[text(name)] = body
        return 0


_FOLLOWERS: dict[str, Callable[[Evaluator, Node], int]] = {
    "command": Evaluator._command,
    "list": Evaluator._list,
    "pipeline": Evaluator._pipeline,
    "redirected_statement": Evaluator._redirected,
    "subshell": Evaluator._subshell,
    "negated_command": Evaluator._negated,
    "compound_statement": Evaluator._compound,
    "test_command": Evaluator._test,
    "function_definition": Evaluator._define,
    "for_statement": loops.each,
    "while_statement": loops.repeat,
    "c_style_for_statement": loops.count,
    "if_statement": loops.branch,
    "elif_clause": loops.branch,
    "case_statement": loops.case,
    "variable_assignment": lambda shell, node: loops.assigned(shell, [node]),
    "variable_assignments": lambda shell, node: loops.assigned(shell, node.named_children),
    "declaration_command": loops.declare,
    "unset_command": loops.unset,
}
