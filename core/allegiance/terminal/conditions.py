"""Conditions: ``test``, ``[`` and ``[[``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from allegiance.shell.budget import charge_visit
from allegiance.shell.syntax import text
from allegiance.terminal.arithmetic import number
from allegiance.terminal.expansion import Expander
from allegiance.terminal.globs import matches, plain, to_pattern
from allegiance.terminal.options import UsageError
from allegiance.terminal.regex import Regex
from allegiance.terminal.session import Session

if TYPE_CHECKING:
    from tree_sitter import Node

_NUMBERS: dict[str, Callable[[int, int], bool]] = {
    "-eq": lambda a, b: a == b,
    "-ne": lambda a, b: a != b,
    "-lt": lambda a, b: a < b,
    "-le": lambda a, b: a <= b,
    "-gt": lambda a, b: a > b,
    "-ge": lambda a, b: a >= b,
}
_STRINGS: dict[str, Callable[[str, str], bool]] = {
    "=": lambda a, b: a == b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
}
_UNARY = set("abcdefghkprstuwxLNOSGnz")


def holds(shell: Session, node: Node) -> bool:
    """Tell whether ``[ ... ]`` or ``[[ ... ]]`` holds."""
    inner = node.named_children
    if node.children[0].type == "[[":
        return bool(inner) and _double(shell, inner[0])
    leaves = [leaf for child in inner for leaf in _leaves(child)]
    words = [word for leaf in leaves for word in Expander(shell).words([leaf])]
    return test(shell, words)


def _leaves(node: Node) -> list[Node]:
    if node.type in ("binary_expression", "unary_expression", "parenthesized_expression"):
        return [leaf for child in node.children for leaf in _leaves(child)]
    return [node]


def _double(shell: Session, node: Node) -> bool:
    charge_visit()
    children = node.children
    if node.type == "parenthesized_expression":
        return _double(shell, node.named_children[0])
    if node.type == "unary_expression":
        if text(children[0]) == "!":
            return not _double(shell, children[1])
        return unary(shell, text(children[0]), Expander(shell).word(children[1]))
    if node.type != "binary_expression":
        return Expander(shell).word(node) != ""
    left, sign, right = children[0], text(children[1]), children[2]
    if sign in ("&&", "||"):
        first = _double(shell, left)
        return _double(shell, right) if first == (sign == "&&") else first
    value, expand = Expander(shell).word(left), Expander(shell)
    if sign == "=~":
        return _matched(shell, value, expand.word(right))
    if sign in ("=", "==", "!="):
        return matches(value, to_pattern(expand.pattern(right))) == (sign != "!=")
    return binary(shell, value, sign, expand.word(right))


def _matched(shell: Session, value: str, pattern: str) -> bool:
    """Tell whether an expression matches, and keep the groups in ``BASH_REMATCH``."""
    regex = Regex(pattern, extended=True)
    match = regex.search(value)
    groups = range(regex.groups + 1) if match is not None else ()
    shell.variables["BASH_REMATCH"] = [match.group(n) for n in groups] if match else []
    return match is not None


def test(shell: Session, words: list[str]) -> bool:
    """Tell whether the arguments of ``test`` hold.

    Raises:
        UsageError: If they are no condition.
    """
    if not words:
        return False
    if len(words) == 1:
        return words[0] != ""
    if words[0] == "!" and len(words) != 3:
        return not test(shell, words[1:])
    if len(words) == 2 and _is_unary(words[0]):
        return unary(shell, words[0], words[1])
    if len(words) == 3 and (words[1] in _STRINGS or words[1] in _NUMBERS or words[1] in _FILES):
        return binary(shell, words[0], words[1], words[2])
    for sign in ("-o", "-a"):
        if sign in words[1:-1]:
            index = words.index(sign, 1)
            left, right = test(shell, words[:index]), test(shell, words[index + 1 :])
            return (left or right) if sign == "-o" else (left and right)
    if words[0] == "!":
        return not test(shell, words[1:])
    if words[0] == "(" and words[-1] == ")":
        return test(shell, words[1:-1])
    if len(words) == 2:
        raise UsageError(f"{words[0]}: unary operator expected")
    if len(words) == 3:
        raise UsageError(f"{words[1]}: binary operator expected")
    raise UsageError("too many arguments")


def _is_unary(word: str) -> bool:
    return len(word) == 2 and word[0] == "-" and word[1] in _UNARY


_FILES = ("-nt", "-ot", "-ef")


def unary(shell: Session, sign: str, word: str) -> bool:
    """Tell whether a condition on one word holds."""
    if sign in ("-n", "-z"):
        return (word != "") == (sign == "-n")
    if not word:
        return False
    status = shell.files.status(shell.place(word))
    if status is None or sign in ("-L", "-h", "-p", "-S", "-b", "-c"):
        return status is None and word in ("/dev/null", *shell.pipes) and sign in ("-e", "-r", "-c")
    if sign == "-s":
        return status.size > 0
    if sign == "-d":
        return status.directory
    if sign == "-f":
        return not status.directory
    if sign == "-w":
        return status.writable
    return status.directory if sign == "-x" else True


def binary(shell: Session, left: str, sign: str, right: str) -> bool:
    """Tell whether a condition on two words holds.

    Raises:
        UsageError: If numbers are compared that are none.
    """
    if sign in _NUMBERS:
        for word in (left, right):
            if not word.strip().lstrip("-+").isdigit():
                raise UsageError(f"{word}: integer expression expected")
        return _NUMBERS[sign](number(left), number(right))
    if sign in _FILES:
        first, second = (shell.files.status(shell.place(w)) for w in (left, right))
        if first is None or second is None:
            return (
                sign != "-ef" and (second if sign == "-nt" else first) is None and first != second
            )
        if sign == "-ef":
            return shell.place(left) == shell.place(right)
        older, newer = (second, first) if sign == "-nt" else (first, second)
        return older.modified < newer.modified
    return _STRINGS[sign](left, plain(right))
