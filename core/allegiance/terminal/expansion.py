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
from allegiance.shell.budget import charge
from allegiance.shell.state import Word
from allegiance.shell.syntax import between, decode, parse, text
from allegiance.shell.words import resolve_escapes
from allegiance.terminal import parameters
from allegiance.terminal.arithmetic import evaluate
from allegiance.terminal.globs import expand, plain, protect
from allegiance.terminal.session import Session
from allegiance.terminal.streams import Input

if TYPE_CHECKING:
    from tree_sitter import Node

_DOLLAR = re.compile(r"(?<!\\)\$(\d|[A-Za-z_]\w*|[@*?!#-])")
_BLANK = " \t\n"
_LIST = ("$@", "${@}", "$*", "${*}")


class Field(list[str]):
    """Words that are being put together: pieces are added to the last one."""

    def __init__(self) -> None:
        super().__init__()
        self._open = False

    def add(self, piece: str) -> None:
        """Add text to the last word, or begin one."""
        if self._open:
            self[-1] += piece
        else:
            self.append(piece)
            self._open = True
        charge(len(piece), 1)

    def split(self, value: str, separators: str) -> None:
        """Add a value that is split into words."""
        blanks = "".join(char for char in separators if char in _BLANK)
        for index, part in enumerate(_parts(value, separators, blanks)):
            if index:
                self._open = False
            if part is not None:
                self.add(part)

    def end(self) -> None:
        """End the last word."""
        self._open = False


@reads_text(" ", "\n", ":", "a", "a:", limit=None)
def _parts(value: str, separators: str, blanks: str) -> list[str | None]:
    """Split a value at separators; None stands for a separator at one of the ends."""
    if not value or not separators:
        return [value] if value else []
    parts: list[str | None] = []
    lead = value.lstrip(blanks)
    if lead != value:
        parts.append(None)
    body = lead.rstrip(blanks)
    others = "".join(char for char in separators if char not in blanks)
    if others:
        parts += [p.strip(blanks) for p in re.split(f"[{re.escape(others)}]", body)]
        if parts and parts[-1] == "":
            parts[-1] = None
    else:
        parts += re.split(f"[{re.escape(blanks)}]+", body) if body else []
    if body != lead:
        parts.append(None)
    return parts


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
        source = text(node)
        if source in _LIST or source.endswith("[@]}"):
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
            return self._named(source[1:])
        return parameters.expanded(self.shell, node, self)

    def _named(self, name: str) -> str:
        """Return a parameter; the parser takes ``$1b`` for the name ``1b``."""
        if name[:1].isdigit() and len(name) > 1:
            return parameters.lookup(self.shell, name[0]) + name[1:]
        return parameters.lookup(self.shell, name)

    def _substitution(self, node: Node, source: str) -> str:
        body = [child for child in node.named_children if child.type != "comment"]
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
            field.split(value, _BLANK if separators is None else separators)

    @reads_text("$a", "\\", "$", "a", limit=None)
    def _bare(self, source: str, field: Field, *, whole: bool) -> None:
        """Add unquoted text, in which the parser overlooks some variables."""
        for index, piece in enumerate(_DOLLAR.split(source)):
            if index % 2:
                value = parameters.lookup(self.shell, piece)
                self._value(value, field, quoted=False, whole=whole)
            elif piece:
                field.add(_without_backslashes(piece))

    @reads_text("$a", "\\", "`", "a", limit=None)
    def _quoted(self, node: Node, begin: int, end: int, field: Field) -> None:
        """Add text in double quotes, or of a here-document."""
        data, position = node.text or b"", begin
        field.add("")
        for child in [*node.named_children, None]:
            stop = child.start_byte if child else end
            gap = decode(data[position - node.start_byte : stop - node.start_byte])
            if child is not None:
                position = child.end_byte
                if child.type in ("string_content", "heredoc_content"):
                    gap += text(child)
                    child = None
            gap = re.sub(r'\\([$`"\\])', r"\1", gap.replace("\\\n", ""))
            field.add(protect(gap))
            if child is not None:
                self._add(child, field, quoted=True, whole=False)


_EXPANSIONS = (
    "simple_expansion",
    "expansion",
    "command_substitution",
    "process_substitution",
    "arithmetic_expansion",
)


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
