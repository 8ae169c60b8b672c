"""Redirections: where a command reads and writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from allegiance.shell.syntax import text
from allegiance.terminal.expansion import Expander
from allegiance.terminal.files import DENIED, FULL, MISSING, FileError, FileSystem
from allegiance.terminal.session import Session
from allegiance.terminal.streams import Buffer, Input, Nothing, Sink, Text

if TYPE_CHECKING:
    from tree_sitter import Node

KINDS = ("file_redirect", "heredoc_redirect", "herestring_redirect")


class OpenFile(Buffer):
    """A file that is open for writing; the text is stored when it is closed."""

    def __init__(self, files: FileSystem, place: str, *, append: bool) -> None:
        super().__init__()
        self._files, self._place, self._append = files, place, append
        if append:
            files.check_write(place)
        else:
            files.truncate(place)

    def close(self) -> None:
        """Store what was written."""
        content = self.content()
        if not self._append:
            self._files.write(self._place, content.text, content.origin)
            return
        exists = self._files.status(self._place) is not None
        old = self._files.read(self._place) if exists else ""
        if content.text or not exists:
            origin = None if old else content.origin
            self._files.write(self._place, old + content.text, origin)


def under(shell: Session, nodes: Sequence[Node], body: Callable[[], int]) -> int:
    """Run a command under redirections and return its exit code."""
    outputs, stdin = dict(shell.outputs), shell.stdin
    files: list[OpenFile] = []
    try:
        for node in nodes:
            try:
                _open(shell, node, files)
            except FileError as error:
                shell.complain(f"bash: {_name(shell, node)}: {error}")
                if str(error) in (DENIED, FULL):
                    _rehearse(shell, node, body)
                return 1
        return body()
    finally:
        shell.outputs, shell.stdin = outputs, stdin
        _close(shell, files)


def _close(shell: Session, files: Sequence[OpenFile]) -> None:
    for file in files:
        try:
            file.close()
        except FileError as error:
            shell.complain(f"bash: write error: {error}")


def _rehearse(shell: Session, node: Node, body: Callable[[], int]) -> None:
    """Note what a command would have written to a file that cannot be opened."""
    buffer = Buffer()
    with shell.files.rehearsed(), shell.apart():
        shell.outputs = {1: buffer, 2: Nothing()}
        body()
    content = buffer.content()
    place = shell.place(_name(shell, node))
    try:
        shell.files.write(place, content.text, content.origin)
    except FileError:
        return


def _name(shell: Session, node: Node) -> str:
    places = [c for c in node.children if c.is_named and c.type != "file_descriptor"]
    words = Expander(shell).words(places[:1])
    return words[0] if words else ""


def _open(shell: Session, node: Node, files: list[OpenFile]) -> None:
    if node.type == "herestring_redirect":
        word = Expander(shell).word(node.named_children[-1])
        shell.stdin = Input(Text(f"{word}\n"))
        return
    if node.type == "heredoc_redirect":
        shell.stdin = Input(Text(_document(shell, node)))
        for child in node.children:
            if child.type == "file_redirect":
                _open(shell, child, files)
        return
    number = next((text(c) for c in node.children if c.type == "file_descriptor"), "")
    operator = next(c.type for c in node.children if not c.is_named)
    name = _name(shell, node)
    if operator.startswith("<"):
        shell.stdin = Input() if operator == "<&" else Input(_content(shell, name), regular=True)
        return
    numbers = [int(number)] if number.isdigit() and len(number) < 4 else [1]
    if operator.startswith("&>") or (operator == ">&" and not name.isdigit() and name != "-"):
        numbers = [1, 2]
    sink = _sink(shell, operator, name, files)
    shell.outputs.update(dict.fromkeys(numbers, sink))


def _sink(shell: Session, operator: str, name: str, files: list[OpenFile]) -> Sink:
    """Return where an output goes."""
    if operator.endswith("&") and (name.isdigit() or name == "-"):
        return shell.outputs.get(int(name[:3]), Nothing()) if name.isdigit() else Nothing()
    if name in ("/dev/null", "/dev/tty"):
        return Nothing()
    if name in ("/dev/stdout", "/dev/stderr"):
        return shell.outputs[1 if name == "/dev/stdout" else 2]
    if not name:
        raise FileError(MISSING)
    file = OpenFile(shell.files, shell.place(name), append=">>" in operator)
    files.append(file)
    return file


def _content(shell: Session, name: str) -> Text:
    """Return what a file that is opened for reading holds."""
    if name == "/dev/null":
        return Text()
    if name in shell.pipes:
        return shell.pipes[name]
    place = shell.place(name)
    content = shell.files.read(place)
    shell.files.note_read(place, content)
    return Text(content, place)


def _document(shell: Session, node: Node) -> str:
    start = next((text(c) for c in node.children if c.type == "heredoc_start"), "")
    body = next((c for c in node.children if c.type == "heredoc_body"), None)
    if body is None:
        return ""
    quoted = any(char in start for char in "'\"\\")
    document = text(body) if quoted else Expander(shell).document(body)
    if any(child.type == "<<-" for child in node.children):
        document = "\n".join(line.lstrip("\t") for line in document.split("\n"))
    return document


def tail(nodes: Sequence[Node]) -> tuple[list[Node], list[tuple[str, Node]]]:
    """Return what is written on the line of a here-document: stages of a pipe, later commands."""
    stages: list[Node] = []
    after: list[tuple[str, Node]] = []
    for node in nodes:
        operator = ";"
        for child in node.children if node.type == "heredoc_redirect" else ():
            if child.type in ("&&", "||"):
                operator = child.type
            elif child.type == "pipeline":
                stages += child.named_children
            elif child.is_named and child.type not in _PARTS:
                after.append((operator, child))
    return stages, after


_PARTS = ("heredoc_start", "heredoc_body", "heredoc_end", "file_descriptor", "file_redirect")
