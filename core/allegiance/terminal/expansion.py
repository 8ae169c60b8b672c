"""Expansion: from nodes of the syntax tree to the words that a command gets.

Quoted characters that would be special in a glob carry the mark of ``globs``, and braces and commas
that are not quoted carry those of ``shell.braces``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from allegiance.reading import reads_text
from allegiance.shell.braces import expand_braces, mark, number_range
from allegiance.shell.state import Word
from allegiance.shell.syntax import between, decode, parse, text
from allegiance.shell.words import resolve_escapes
from allegiance.terminal import parameters
from allegiance.terminal.arithmetic import evaluate
from allegiance.terminal.fields import BLANK, Field
from allegiance.terminal.globs import expand, plain, protect
from allegiance.terminal.session import Session
from allegiance.terminal.streams import Input

if TYPE_CHECKING:
    from tree_sitter import Node

_DOLLAR = re.compile(r"(?<!\\)\$(\d|[A-Za-z_]\w*|[@*?!#-])")
_LIST = ("$@", "${@}", "$*", "${*}")


class Expander:
    """Expands nodes in the present state of a shell."""

    def __init__(self, shell: Session) -> None:
        self.shell = shell

    def words(self, nodes: Sequence[Node]) -> list[str]:
        """Return the words that nodes expand to, with globs resolved."""
        return [word for glob in self._globs(nodes) for word in expand(self.shell, glob)]

    def word(self, node: Node) -> str:
        """Return the one word that a node expands to, where words are not split."""
        return plain(self.pattern(node))

    def pattern(self, node: Node) -> str:
        """Return the one word that a node expands to, with the marks of quoted characters."""
        field = Field()
        self._add(node, field, quoted=False, whole=True)
        joined = " ".join(_plain_braces(word) for word in field)
        return self._tilde(joined) if node.type != "string" else joined

    def document(self, node: Node) -> str:
        """Return the text of a here-document with its expansions resolved."""
        field = Field()
        self._quoted(node, node.start_byte, node.end_byte, field)
        return plain("".join(field))

    def _globs(self, nodes: Sequence[Node]) -> list[str]:
        globs: list[str] = []
        for group in _touching(nodes):
            field = Field()
            for node in group:
                self._add(node, field, quoted=False, whole=False)
            for text_of_field in field:
                for word in expand_braces(Word(text_of_field)):
                    if not word.known:
                        raise ValueError("the shell command has too many alternatives in braces")
                    globs.append(self._tilde(word.text))
        return globs

    def _tilde(self, word: str) -> str:
        if word == "~" or word.startswith("~/"):
            return (self.shell.value("HOME") or "/").rstrip("/") + word[1:] or "/"
        return word

    def _add(self, node: Node, field: Field, *, quoted: bool, whole: bool) -> None:
        """Add what a node expands to; ``whole`` values are not split."""
        kind = node.type
        if kind == "raw_string":
            field.add(protect(text(node)[1:-1]))
        elif kind == "ansi_c_string":
            field.add(protect(resolve_escapes(text(node)[2:-1])))
        elif kind == "string":
            self._quoted(node, node.start_byte + 1, node.end_byte - 1, field)
        elif kind == "translated_string":
            self._add(node.named_children[0], field, quoted=True, whole=whole)
        elif kind in ("concatenation", "command_name"):
            for child in node.children:
                self._add(child, field, quoted=quoted, whole=whole)
        elif kind == "brace_expression":
            numbers = number_range(text(node))
            field.add(numbers.text if numbers.known else text(node))
        elif kind in _EXPANSIONS:
            self._expanded(node, field, quoted=quoted, whole=whole)
        else:
            self._bare(text(node), field, whole=whole)

    def _expanded(self, node: Node, field: Field, *, quoted: bool, whole: bool) -> None:
        whole_source = text(node)
        source = whole_source.lstrip()
        if quoted and source != whole_source:  # the parser takes blanks before some dollar signs
            field.add(whole_source[: len(whole_source) - len(source)])
        if source in _LIST or (source.endswith("[@]}") and source[2] != "#"):
            values = parameters.several(self.shell, source)
            for index, value in enumerate(values):
                if index:
                    field.end()
                self._value(value, field, quoted=quoted, whole=whole)
            return
        self._value(self._single(node, source), field, quoted=quoted, whole=whole)

    def _single(self, node: Node, source: str) -> str:
        """Return the value of an expansion that has one."""
        if node.type == "arithmetic_expansion":
            return str(evaluate(self.shell, node.named_children[0]) if node.named_children else 0)
        if node.type == "process_substitution":
            name = f"/dev/fd/{63 - len(self.shell.pipes)}"
            self.shell.pipes[name] = self.shell.captured(node.named_children, stdin=Input())
            return name
        if node.type == "command_substitution":
            return self._substitution(node, source)
        if node.type == "simple_expansion":
            return self._named(source.lstrip()[1:])
        return parameters.expanded(self.shell, node, self)

    def _named(self, name: str) -> str:
        """Return a parameter; the parser takes ``$1b`` for the name ``1b``."""
        if name[:1].isdigit() and len(name) > 1:
            return parameters.lookup(self.shell, name[0]) + name[1:]
        return parameters.lookup(self.shell, name)

    def _substitution(self, node: Node, source: str) -> str:
        body = [child for child in node.named_children if child.type != "comment"]
        if source.startswith("$((") and (inner := _arithmetic(source)) is not None:
            return str(evaluate(self.shell, inner))  # in here-documents, where it is not parsed
        if source.startswith("`") and "\\" in source:
            body = [parse(_unescaped(source[1:-1]))]
        return self.shell.captured(body).text.rstrip("\n")

    def _value(self, value: str, field: Field, *, quoted: bool, whole: bool) -> None:
        if quoted:
            field.add(protect(value))
        elif whole:
            field.add(value)
        else:
            separators = self.shell.value("IFS")
            field.split(value, BLANK if separators is None else separators)

    def _bare(self, source: str, field: Field, *, whole: bool) -> None:
        """Add unquoted text, in which the parser overlooks some variables."""
        for index, piece in enumerate(_DOLLAR.split(source)):
            if index % 2:
                value = parameters.lookup(self.shell, piece)
                self._value(value, field, quoted=False, whole=whole)
            elif piece:
                field.add(_without_backslashes(piece))

    def _quoted(self, node: Node, begin: int, end: int, field: Field) -> None:
        """Add text in double quotes, or of a here-document."""
        data, position = node.text or b"", begin
        if not _is_empty_list(self.shell, node):
            field.add("")
        for child in [*node.named_children, None]:
            stop = child.start_byte if child else end
            gap = decode(data[position - node.start_byte : stop - node.start_byte])
            if child is not None:
                position = child.end_byte
                if child.type in ("string_content", "heredoc_content"):
                    gap += text(child)
                    child = None
            if gap:
                field.add(protect(self._piece(gap, document=node.type == "heredoc_body")))
            if child is not None:
                self._add(child, field, quoted=True, whole=False)

    def _piece(self, source: str, *, document: bool = False) -> str:
        """Return quoted text without its backslashes; the parser overlooks some backticks in it."""
        pieces: list[str] = []
        for index, piece in enumerate(_BACKTICKS.split(source.replace("\\\n", ""))):
            if index % 2:
                pieces.append(self.shell.captured([parse(_unescaped(piece))]).text.rstrip("\n"))
            else:
                signs = _DOCUMENT if document else _ESCAPED
                pieces.append(signs.sub(r"\1", piece))
        return "".join(pieces)


_BACKTICKS = re.compile(r"(?<!\\)`((?:\\.|[^`\\])*)`", re.DOTALL)
_ESCAPED = re.compile(r'\\([$`"\\])')
_DOCUMENT = re.compile(r"\\([$`\\])")

_EXPANSIONS = (
    "simple_expansion",
    "expansion",
    "command_substitution",
    "process_substitution",
    "arithmetic_expansion",
)


def _arithmetic(source: str) -> Node | None:
    """Return the expression of ``$((...))``, or None if it is a command."""
    if not source.endswith("))"):
        return None
    try:
        node = parse(f"echo {source}").named_children[0].named_children[-1]
    except ValueError:
        return None
    named = node.named_children
    return named[0] if node.type == "arithmetic_expansion" and named else None


def _is_empty_list(shell: Session, node: Node) -> bool:
    """Tell whether a string is ``"$@"`` or the like without values: it is not a word then."""
    source = text(node)[1:-1]
    listed = source in ("$@", "${@}") or (source.startswith("${") and source.endswith("[@]}"))
    one = listed and len(node.named_children) == 1 and node.type == "string"
    return one and source[2:3] != "#" and not parameters.several(shell, source)


@reads_text("\\", "`", "a", limit=None)
def _unescaped(source: str) -> str:
    return re.sub(r"\\([`$\\])", r"\1", source)


@reads_text("\\", "\\\n", "a", "{", limit=None)
def _without_backslashes(source: str) -> str:
    """Return unquoted text without its backslashes; the braces in it become marks."""
    pieces = re.split(r"(\\.)", source.replace("\\\n", ""), flags=re.DOTALL)
    return "".join(protect(p[1:]) if p[:1] == "\\" else mark(p) for p in pieces)


def _plain_braces(word: str) -> str:
    return word.translate(_BRACES)


_BRACES = str.maketrans(mark("{,}"), "{,}")


def _touching(nodes: Sequence[Node]) -> list[list[Node]]:
    """Group nodes without a gap between them: the parser splits some words in two."""
    groups: list[list[Node]] = []
    for node in nodes:
        before = groups[-1][-1] if groups else None
        if before is not None and not between(before, node):
            groups[-1].append(node)
        else:
            groups.append([node])
    return groups
