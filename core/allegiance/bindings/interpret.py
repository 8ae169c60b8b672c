"""The interpreter: walks through a shell command without running it and collects its effects."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from allegiance.bindings import targets
from allegiance.bindings.expand import Expander
from allegiance.bindings.loops import branches, loop
from allegiance.bindings.redirects import KINDS, carry_out, collect, redirected
from allegiance.bindings.syntax import parse, text
from allegiance.bindings.targets import UNKNOWN
from allegiance.bindings.values import NOTHING, State, Stream, Word, joined
from allegiance.effects import Effect, Verb
from allegiance.paths import split

if TYPE_CHECKING:
    from tree_sitter import Node

STEPS, DEPTH = 5_000, 48
"""How many commands are followed, and how deep they may nest."""

_SERIES = ("program", "list", "compound_statement", "do_group", "negated_command", "else_clause")
_FORKED = ("subshell", "command_substitution", "process_substitution")
_LOOPS = ("for_statement", "while_statement", "c_style_for_statement")
_ASSIGNMENTS = ("variable_assignment", "variable_assignments", "declaration_command")


class Call:
    """One command with its arguments, as its handler sees it."""

    def __init__(self, shell: Shell, full: str, args: Sequence[Word], stdin: Stream) -> None:
        self.shell = shell
        self.full = full
        self.name = posixpath.basename(full)
        self.args = list(args)
        self.stdin = stdin

    def content(self, word: Word) -> Stream:
        """Return what the file that a word names holds; it is read."""
        if word.stream is not None:
            return word.stream
        if word.text in ("-", "/dev/stdin"):
            return self.stdin
        name = self.shell.path(word.text)
        self.shell.emit("read", name)
        return Stream(text=self.shell.state.files.get(name), sources=(name,))

    def sources(self, word: Word, *, deep: bool = False) -> tuple[str, ...]:
        """Return the files whose content a word brings in, as the source of a copy."""
        if word.stream is not None or word.text in ("-", "/dev/stdin"):
            return (word.stream or self.stdin).sources
        return (self.shell.tree(word.text) if deep else self.shell.path(word.text),)


Handler = Callable[[Call], Stream]


class Shell:
    """Follows commands and collects their effects.

    Attributes:
        effects: What was found, in order and without repetition.
        opaque: Programs that run code which cannot be seen, as they were called.
        unknown: Programs that nothing is known of.
    """

    def __init__(self, state: State, commands: Mapping[str, Handler]) -> None:
        self.state = state
        self.commands = commands
        self.effects: dict[Effect, None] = {}
        self.opaque: dict[str, None] = {}
        self.unknown: dict[str, None] = {}
        self._steps = self._depth = 0

    def emit(
        self,
        verb: Verb,
        target: str,
        source: str | None = None,
        value: str | None = None,
        before: str | None = None,
    ) -> None:
        """Note an effect."""
        found = Effect(verb=verb, target=target, source=source, value=value, before=before)
        self.effects[found] = None

    def expander(self) -> Expander:
        """Return what expands words in the present state."""
        return Expander(self.state, self.inside)

    def local(self, name: str) -> str:
        """Return what a path is in the file system that commands see: a directory to ``cd`` to."""
        state = self.state
        if name == "~" or name.startswith("~/"):
            home = state.variables.get("HOME")
            name = (home[0].text if home else "~") + name[1:]
        apart = name.startswith((UNKNOWN, "~")) or state.cwd in ("", ".")
        return targets.join("" if apart else state.cwd, name)

    def path(self, name: str) -> str:
        """Return the target that a path names in the present state."""
        state, found = self.state, self.local(name)
        if state.root:
            found = f"{state.root}/{found.lstrip('/')}"
        for link, aim in state.links.items():
            if found == link or found.startswith(f"{link}/"):
                found = aim + found[len(link) :]
        return f"{state.host}:{found}" if state.host else found

    def tree(self, name: str) -> str:
        """Return the target of a path that is taken with all that is below it."""
        found = self.path(name)
        host, path = split(found)
        bare = path.rstrip("/") or "/"
        start = self.state.start
        parts = bare.split("/")
        inside = start and (start == bare or start.startswith(f"{bare.rstrip('/')}/"))
        if path == UNKNOWN or path.endswith(f"/{UNKNOWN}"):
            return found
        if inside or set(parts) <= {".", "..", "~", ""}:
            path = UNKNOWN if bare == "." else f"{bare.rstrip('/')}/{UNKNOWN}"
            return f"{host}:{path}" if host else path
        return found.rstrip("/") + "/"

    def store(self, name: str, stream: Stream, *, append: bool = False) -> None:
        """Note that a stream ends in a file."""
        if name in ("/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty", "-", ""):
            return
        target = targets.remote(name) if "://" in name else None
        target = target or self.path(name)
        for source in stream.sources:
            self.emit("copy", target, source)
        if not stream.sources:
            whole = None if append else stream.text
            self.emit("write", target, value=whole)
            if stream.text is not None:
                kept = self.state.files.get(target, "") if append else ""
                self.state.files[target] = kept + stream.text

    @contextmanager
    def within(self, state: State) -> Iterator[None]:
        """Follow the enclosed commands in another state, then return to the present one."""
        kept, self.state = self.state, state
        self._depth += 1
        if self._depth > DEPTH:
            raise ValueError("the shell command nests too deep to be followed")
        try:
            yield
        finally:
            self.state = kept
            self._depth -= 1

    def script(self, source: str, stdin: Stream = NOTHING) -> Stream:
        """Follow a script given as text, in the present state."""
        with self.within(self.state):
            return self.follow(parse(source), stdin)

    def run(self, words: Sequence[Word], stdin: Stream = NOTHING) -> Stream:
        """Follow one command given as words."""
        self._steps += 1
        if self._steps > STEPS:
            raise ValueError("the shell command is too long to be followed")
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
            return self.commands.get(call.name, self.commands[""])(call)

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

    def ended(self, stream: Stream) -> Stream:
        """Return what a shell has printed, or note that ``exec > file`` sent it elsewhere."""
        file = self.state.descriptors.pop("1", None)
        if file is None:
            return stream
        self.store(file, stream)
        return NOTHING

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
