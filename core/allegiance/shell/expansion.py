"""Expansion: from nodes of the syntax tree to the words that a command would get."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from allegiance.shell.state import NOTHING, ShellState, Stream, Word
from allegiance.shell.syntax import between, decode, parse, text
from allegiance.shell.targets import UNKNOWN
from allegiance.shell.words import (
    bare_text,
    change_value,
    expand_braces,
    number_range,
    plain_word,
    resolve_escapes,
    split_words,
)

if TYPE_CHECKING:
    from tree_sitter import Node

_DOLLAR = re.compile(r"(?<!\\)\$(\d|[A-Za-z_]\w*|[@*?!#-])")
_DIGIT = re.compile(r"\$\d\w")
_BACKTICKS = re.compile(r"(?<!\\)`((?:\\.|[^`\\])*)`", re.DOTALL)
_SPECIAL = {"HOME": "~", "TMPDIR": "/tmp", "TMP": "/tmp", "TEMP": "/tmp", "SHELL": "/bin/bash"}
_HARMLESS = ("USER", "LOGNAME", "HOSTNAME", "UID", "EUID", "RANDOM", "SECONDS", "PPID", "LINENO")
_EMPTY = Word("")
_LITERALS: dict[str, Callable[[str], Word]] = {
    "raw_string": lambda source: Word(source[1:-1]),
    "ansi_c_string": lambda source: Word(resolve_escapes(source[2:-1])),
    "brace_expression": number_range,
}
"""What nodes become whose source alone decides it."""


class Expander:
    """Expands words in a state; commands inside them are handed to ``run``."""

    def __init__(self, state: ShellState, run: Callable[[Sequence[Node], Stream], Stream]) -> None:
        self.state = state
        self.run = run

    def words(self, *nodes: Node) -> list[Word]:
        """Return the words that nodes become, none or several perhaps.

        Nodes that touch are one word: the parser parts some words in two.

        Raises:
            ValueError: If there is something between them that is no blank.
        """
        given: list[Word] = []
        for group in _touching(_flat(nodes)):
            given += self._joined(group, quoted=False)
        return [w for word in given for w in expand_braces(word)]

    def word(self, node: Node) -> Word:
        """Return the one word that a node becomes where no splitting is done."""
        return plain_word(_spaced(self._parts(node, quoted=node.type != "array")))

    def document(self, node: Node) -> Word:
        """Return the text of a here-document whose expansions are resolved."""
        return _spaced(self._quoted(node, node.start_byte, node.end_byte))

    def _parts(self, node: Node, *, quoted: bool) -> list[Word]:
        kind = node.type
        if literal := _LITERALS.get(kind):
            return [literal(text(node))]
        if kind == "string":
            return self._quoted(node, node.start_byte + 1, node.end_byte - 1)
        if kind in ("concatenation", "command_name"):
            return self._joined(node.children, quoted=quoted)
        if kind == "array":
            return self.words(*node.named_children)
        if kind == "translated_string":
            return self._parts(node.named_children[0], quoted=True)
        if kind in ("simple_expansion", "expansion"):
            return self._expanded(node, quoted=quoted)
        if kind == "command_substitution":
            return self._substitution(node, quoted=quoted)
        if kind == "process_substitution":
            return [Word("/dev/fd/63", stream=self.run(node.named_children, NOTHING))]
        if kind == "arithmetic_expansion":
            self.run(node.named_children, NOTHING)
            return [Word("*", known=False)]
        return self._plain(text(node))

    def _expanded(self, node: Node, *, quoted: bool) -> list[Word]:
        """Return the words that ``$name`` or ``${...}`` becomes."""
        source = text(node)
        if "$(" in source or "`" in source:
            self.run(node.named_children, NOTHING)
        if _DIGIT.match(source):
            return self._plain(source)
        values = self._variable(node)
        if quoted and ("*]" in source or source == "$*"):
            return [_spaced(values)]
        return self._split(values, quoted=quoted)

    def _split(self, words: list[Word], *, quoted: bool) -> list[Word]:
        given = self.state.variables.get("IFS")
        return split_words(words, quoted=quoted, separators=given[0].text if given else None)

    def _plain(self, source: str) -> list[Word]:
        """Return the words of unquoted text; the parser takes some variables for text."""
        found: list[Word] = []
        for at, piece in enumerate(_DOLLAR.split(source)):
            if at % 2:
                values = self.lookup(piece)
                parts = self._split(values or [Word(UNKNOWN, known=False)], quoted=False)
            else:
                parts = [Word(bare_text(piece))] if piece else []
            found = _attached(found, parts)
        return found

    def _joined(self, nodes: Sequence[Node], *, quoted: bool) -> list[Word]:
        """Return the words that nodes written side by side become."""
        found: list[Word] = []
        marked = False
        for node, after in zip(nodes, [*nodes[1:], None], strict=True):
            if node.type == "$" and after is not None and after.start_byte == node.end_byte:
                marked = after.type not in ("string", "raw_string", "ansi_c_string")
                continue
            parts = self._parts(node, quoted=quoted)
            if marked:
                parts = [Word(UNKNOWN, known=False)]
            found, marked = _attached(found, parts), False
        return found

    def _quoted(self, node: Node, begin: int, end: int) -> list[Word]:
        """Return the words of text in double quotes, or of a here-document."""
        found, data, at = [_EMPTY], node.text or b"", begin
        for child in [*node.named_children, None]:
            stop = child.start_byte if child else end
            gap = decode(data[at - node.start_byte : stop - node.start_byte])
            parts: list[Word] = []
            if child is not None:
                at = child.end_byte
                if child.type in ("string_content", "heredoc_content"):
                    gap += text(child)
                else:
                    parts = self._parts(child, quoted=True)
            found = _attached(_attached(found, [self._piece(gap)]), parts)
        return found

    def _piece(self, source: str) -> Word:
        """Return quoted text without its backslashes; old-style substitutions are carried out."""
        found = _EMPTY
        for at, piece in enumerate(_BACKTICKS.split(source.replace("\\\n", ""))):
            if at % 2:
                stream = self.run([parse(piece)], NOTHING)
                found = found + _printed(stream)
            else:
                found = found + Word(re.sub(r'\\([$`"\\])', r"\1", piece))
        return found

    def _substitution(self, node: Node, *, quoted: bool) -> list[Word]:
        body = [c for c in node.named_children if c.type != "comment"]
        source = text(node).removeprefix("$")
        if source.startswith("`") and ("\\" in source or "`" in source[1:-1]):
            if re.search(r"(?<!\\)`", source[1:-1]):
                raise ValueError("the shell command has backticks that cannot be told apart")
            body = [parse(re.sub(r"\\([`$\\])", r"\1", source[1:-1]))]
        stream = self.run(body, NOTHING)
        if text(node).startswith("$`"):
            return [Word(UNKNOWN, known=False, sources=stream.sources)]
        if stream.names is not None and not quoted:
            return [Word(n, known=False, sources=stream.sources) for n in stream.names]
        return self._split([_printed(stream)], quoted=quoted)

    def _variable(self, node: Node) -> list[Word]:
        named = [c for c in node.children if c.type in _NAMES]
        if not named:
            return [Word(UNKNOWN, known=False)]
        whole = named[0].type == "subscript"
        index = ""
        name = text(named[0])
        if whole:
            name, _, index = name.partition("[")
        values = self.lookup(name)
        operators = [text(c) for c in node.children if c.type not in ("${", "}", "$", *_NAMES[:1])]
        first = text(node.children[1]) if len(node.children) > 1 else ""
        if node.type == "expansion" and first in ("#", "!"):
            return [Word("*" if first == "#" else UNKNOWN, known=False)]
        if values and not whole and name not in ("@", "*"):
            values = values[:1]
        elif values and index[:-1].isdigit():
            values = values[int(index[:-1]) : int(index[:-1]) + 1]
        if node.type == "simple_expansion" or not operators or whole:
            return values if values is not None else [Word(UNKNOWN, known=False)]
        return self._operated(node, named[0], values)

    def _operated(self, node: Node, name: Node, values: list[Word] | None) -> list[Word]:
        rest = [c for c in node.children if c.start_byte >= name.end_byte and c.type != "}"]
        operator = text(rest[0]) if rest else ""
        operands = [c for c in rest[1:] if c.is_named]
        operand = self.word(operands[0]) if operands else _EMPTY
        if operator in (":-", "-", ":=", "="):
            if operator.endswith("=") and values is None:
                self.state.variables[text(name)] = (operand,)
            return values if values is not None else [operand]
        if operator in (":+", "+"):
            return [operand] if values is not None else [operand, _EMPTY][:1]
        if operator in (":?", "?") or values is None:
            return values if values is not None else [Word(UNKNOWN, known=False)]
        swap = self.word(operands[1]).text if len(operands) > 1 else ""
        changed = [change_value(v, operator, operand.text, swap) for v in values]
        return [c if c is not None else Word(UNKNOWN, known=False) for c in changed]

    def lookup(self, name: str) -> list[Word] | None:
        """Return the values of a variable or parameter, None where it is not known."""
        state = self.state
        if name in ("@", "*") or (name.isdigit() and name != "0"):
            given = state.arguments
            if given is None or name in ("@", "*"):
                return None if given is None else list(given)
            return list(given[int(name) - 1 : int(name)]) or [_EMPTY]
        if name in state.variables:
            return list(state.variables[name])
        if name == "PWD":
            return [Word(state.cwd or ".")]
        if name in _SPECIAL:
            return [Word(_SPECIAL[name])]
        if name in _HARMLESS or name in ("?", "$", "!", "#", "-", "_", "0"):
            return [Word("*", known=False)]
        return None


_NAMES = ("variable_name", "special_variable_name", "subscript")


def _printed(stream: Stream) -> Word:
    if stream.text is not None:
        return Word(stream.text.rstrip("\n"), sources=stream.sources)
    if stream.names is not None and len(stream.names) == 1:
        return Word(stream.names[0], known=False, sources=stream.sources)
    return Word(UNKNOWN, known=False, sources=stream.sources)


def _flat(nodes: Sequence[Node]) -> list[Node]:
    found: list[Node] = []
    for node in nodes:
        inner = node.type in ("concatenation", "command_name")
        found += _flat(node.children) if inner else [node]
    return found


def _touching(nodes: Sequence[Node]) -> list[list[Node]]:
    groups: list[list[Node]] = []
    for node in nodes:
        before = groups[-1][-1] if groups else None
        if before is not None and before.end_byte > node.start_byte:
            continue
        gap = between(before, node) if before is not None else " "
        if gap.strip():
            raise ValueError(f"the shell command cannot be parsed: {gap.strip()!r}")
        if gap:
            groups.append([node])
        else:
            groups[-1].append(node)
    return groups


def _attached(left: list[Word], right: list[Word]) -> list[Word]:
    if not left or not right:
        return left or right
    return [*left[:-1], left[-1] + right[0], *right[1:]]


def _spaced(words: Sequence[Word]) -> Word:
    found = words[0] if words else _EMPTY
    for word in words[1:]:
        found = found + Word(" ") + word
    return found
