"""Shell syntax: the only module that imports the parser."""

from __future__ import annotations

import re
from functools import lru_cache
from time import monotonic
from typing import TYPE_CHECKING

from allegiance.errors import needed_by
from allegiance.reading import reads_text
from allegiance.shell.budget import charge, charge_nodes, check_nodes

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Parser

_OPAQUE = (
    "string",
    "heredoc_redirect",
    "expansion",
    "command_substitution",
    "arithmetic_expansion",
)

LIMIT, PIPES = 100_000, 2_000
"""The longest command that is parsed, in characters, and the most ``|`` signs in it."""

SHORT, SECONDS = 2_000, 0.8
"""The longest command that is parsed without a time limit, and the time limit beyond it."""

_FOREIGN = re.compile(r"[^\x00-\x7f]+")
_HALF = re.compile("[\ud800-\udfff]")
_ENCODED = re.compile(rb"\x01([0-9a-f]+)\x02")


@lru_cache(maxsize=1)
def _language() -> Language:
    with needed_by("the reading of shell commands", "shell"):
        import tree_sitter
        import tree_sitter_bash
    return tree_sitter.Language(tree_sitter_bash.language())


def _parser() -> Parser:
    """Return a new parser: two threads must not share one."""
    language = _language()
    import tree_sitter

    return tree_sitter.Parser(language)


def check() -> None:
    """Check that the parser is installed.

    Raises:
        UserError: If it is not installed.
    """
    _language()


@reads_text("$(", "`", "{", "'", '"', "<<E\n", "|", ";", "\\", "\0", limit=LIMIT)
def parse(command: str) -> Node:
    """Return the root of the syntax tree of a command.

    The parser gets plain ASCII only, since its scanner reads out of bounds at some other
    characters. ``text`` restores them.

    Raises:
        ValueError: If the string is not a shell command, or is too long.
    """
    if len(command) > LIMIT or command.count("|") > PIPES:
        raise ValueError(f"the shell command is too long to be read: at most {LIMIT:,} characters")
    if any(char in command for char in "\0\x01\x02"):
        raise ValueError("the shell command contains control characters")
    if _HALF.search(command):
        raise ValueError("the shell command contains half of a character")
    charge(len(command))
    plain = _FOREIGN.sub(lambda match: f"\x01{match[0].encode().hex()}\x02", command)
    data = plain.replace("\r\n", "\n").encode()
    if len(data) > SHORT:
        _try(data)
    root = _parser().parse(data).root_node
    charge_nodes(root.descendant_count)
    if root.has_error:
        raise ValueError(f"the shell command cannot be parsed: {command[:80]!r}")
    if b"\\ " in data or b"\\\t" in data:
        _complete(root, data)
    return root


def _try(data: bytes) -> None:
    """Parse once with a time limit: some long strings that are not commands take very long."""
    parser, end = _parser(), monotonic() + SECONDS
    try:
        tree = parser.parse(
            lambda start, _: data[start : start + 65_536],
            progress_callback=lambda *_: monotonic() > end,
        )
    except ValueError:
        raise ValueError("the shell command takes too long to be parsed") from None
    check_nodes(tree.root_node.descendant_count)


def _complete(root: Node, data: bytes) -> None:
    """Check that the parser lost no escaped space: it skips some that are words."""
    end, todo = 0, [root]
    while todo:
        node = todo.pop()
        if node.child_count and node.type not in _OPAQUE:
            todo += reversed(node.children)
            continue
        if data[end : node.start_byte].replace(b"\\\n", b"").strip():
            raise ValueError("the shell command has an escaped blank in a place of its own")
        end = max(end, node.end_byte)
    if data[end:].replace(b"\\\n", b"").strip():
        raise ValueError("the shell command has an escaped blank in a place of its own")


@reads_text("\x01", "\x0141", "a", limit=None)
def decode(source: bytes) -> str:
    """Return a piece of source with its original characters."""
    if b"\x01" in source:
        source = _ENCODED.sub(_original, source)
    return source.decode()


def _original(match: re.Match[bytes]) -> bytes:
    return bytes.fromhex(match[1].decode())


def text(node: Node) -> str:
    """Return the source of a node."""
    return decode(node.text or b"")


def between(before: Node, after: Node) -> str:
    """Return the source between two nodes of one tree, without line continuations."""
    if (
        after.start_byte - before.end_byte < 2
    ):  # the parser skips a single byte only if it is a space
        return " " * (after.start_byte - before.end_byte)
    root = before
    while root.parent is not None:
        root = root.parent
    start = root.start_byte
    gap = (root.text or b"")[before.end_byte - start : after.start_byte - start]
    return decode(gap).replace("\\\n", "")
