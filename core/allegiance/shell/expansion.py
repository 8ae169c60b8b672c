"""Expansion: turns nodes of the syntax tree into the words that a command would get."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from allegiance.shell.braces import expand_braces, number_range, plain_word
from allegiance.shell.budget import charge
from allegiance.shell.state import NOTHING, ShellState, Stream, Word, side_by_side
from allegiance.shell.syntax import between, decode, parse, text
from allegiance.shell.targets import UNKNOWN
from allegiance.shell.words import (
    bare_text,
    change_value,
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
"""Expansions of the kinds of nodes whose source alone decides the word."""


class Expander:
    """Expands words in a state; commands inside them are passed to ``run``."""

    def __init__(self, state: ShellState, run: Callable[[Sequence[Node], Stream], Stream]) -> None:
        self.state = state
        self.run = run

    def words(self, *nodes: Node) -> list[Word]:
        """Return the words that nodes expand to, any number of them.

        Nodes without a gap are one word: the parser splits some words in two.

        Raises:
            ValueError: If there is anything but white space between them.
        """
        words: list[Word] = []
        for group in _touching(_flat(nodes)):
            words += self._joined(group, quoted=False)
        return [w for word in words for w in expand_braces(word)]

    def word(self, node: Node) -> Word:
        """Return the single word that a node expands to where words are not split."""
        return plain_word(_spaced(self._parts(node, quoted=node.type != "array")))

    def document(self, node: Node) -> Word:
        """Return the text of a here-document with its expansions resolved."""
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
        """Return the words that ``$name`` or ``${...}`` expands to."""
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
        separators = self.state.variables.get("IFS")
        return split_words(
            words, quoted=quoted, separators=separators[0].text if separators else None
        )

    def _plain(self, source: str) -> list[Word]:
        """Return the words of unquoted text, in which the parser overlooks some variables."""
        groups: list[list[Word]] = []
        for index, piece in enumerate(_DOLLAR.split(source)):
            if index % 2:
                values = self.lookup(piece)
                parts = self._split(values or [Word(UNKNOWN, known=False)], quoted=False)
            else:
                parts = [Word(bare_text(piece))] if piece else []
            groups.append(parts)
        return _attached(groups)

    def _joined(self, nodes: Sequence[Node], *, quoted: bool) -> list[Word]:
        """Return the words that nodes written side by side expand to."""
        groups: list[list[Word]] = []
        marked = False
        for node, after in zip(nodes, [*nodes[1:], None], strict=True):
            if node.type == "$" and after is not None and after.start_byte == node.end_byte:
                marked = after.type not in ("string", "raw_string", "ansi_c_string")
                continue
            parts = self._parts(node, quoted=quoted)
            if marked:
                parts = [Word(UNKNOWN, known=False)]
            groups.append(parts)
            marked = False
        return _attached(groups)

    def _quoted(self, node: Node, begin: int, end: int) -> list[Word]:
        """Return the words of text in double quotes, or of a here-document."""
        groups, data, position = [[_EMPTY]], node.text or b"", begin
        for child in [*node.named_children, None]:
            stop = child.start_byte if child else end
            gap = decode(data[position - node.start_byte : stop - node.start_byte])
            parts: list[Word] = []
            if child is not None:
                position = child.end_byte
                if child.type in ("string_content", "heredoc_content"):
                    gap += text(child)
                else:
                    parts = self._parts(child, quoted=True)
            groups += [[self._piece(gap)], parts]
        return _attached(groups)

    def _piece(self, source: str) -> Word:
        """Return quoted text without its backslashes, with substitutions in backticks resolved."""
        words = [_EMPTY]
        for index, piece in enumerate(_BACKTICKS.split(source.replace("\\\n", ""))):
            if index % 2:
                stream = self.run([parse(piece)], NOTHING)
                words.append(_printed(stream))
            else:
                words.append(Word(re.sub(r'\\([$`"\\])', r"\1", piece)))
        return side_by_side(words)

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
        """Return the values of a variable or parameter, or None if they are not known."""
        state = self.state
        if name in ("@", "*") or (name.isdigit() and name != "0"):
            arguments = state.arguments
            if arguments is None or name in ("@", "*"):
                charge(len(arguments or ()))
                return None if arguments is None else list(arguments)
            return list(arguments[int(name) - 1 : int(name)]) or [_EMPTY]
        if name in state.variables:
            charge(len(state.variables[name]))
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
    flat: list[Node] = []
    for node in nodes:
        inner = node.type in ("concatenation", "command_name")
        flat += _flat(node.children) if inner else [node]
    return flat


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


def _attached(groups: Sequence[list[Word]]) -> list[Word]:
    """Return the words of groups written side by side: the ends that touch are one word."""
    words: list[Word] = []
    touching: list[Word] = []
    for group in groups:
        touching += group[:1]
        if len(group) > 1:
            words += [side_by_side(touching), *group[1:-1]]
            touching = group[-1:]
    return [*words, side_by_side(touching)] if touching else words


def _spaced(words: Sequence[Word]) -> Word:
    parts = [part for word in words for part in (Word(" "), word)][1:]
    return side_by_side(parts) if parts else _EMPTY
