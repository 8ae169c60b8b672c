"""The functions that awk has."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Protocol

from allegiance.shell.budget import charge
from allegiance.terminal.programs._awk_lexer import AwkError
from allegiance.terminal.programs._awk_nodes import Node
from allegiance.terminal.programs._awk_records import split_by, split_text
from allegiance.terminal.programs._awk_values import InputText, Value, formatted, to_number
from allegiance.terminal.regex import Regex

Args = Sequence[Node]


class Evaluator(Protocol):
    """What the functions need of the program that calls them."""

    globals: dict[str, Value | dict[str, Value]]

    def value(self, node: Node) -> Value:
        """Return the value of an expression."""

    def number(self, value: Value) -> float:
        """Return a value as a number that is not infinite."""

    def text(self, value: Value) -> str:
        """Return a value as a string."""

    def text_of(self, name: str) -> str:
        """Return a variable as a string."""

    def scope(self, name: str) -> dict[str, Value | dict[str, Value]]:
        """Return the variables among which a name is."""

    def array(self, name: str) -> dict[str, Value]:
        """Return an array."""

    def assign(self, node: Node, value: Value) -> None:
        """Set a variable, an element or a field."""

    def regex(self, pattern: str) -> Regex:
        """Return a compiled expression."""

    def pattern(self, node: Node) -> str:
        """Return an expression that is written between slashes, or as a string."""

    def record_text(self) -> str:
        """Return the present record."""

    def flush(self) -> None:
        """Print what was written to the standard output."""

    def close(self, name: str) -> int:
        """Close a file or a command."""

    def run_command(self, command: str, text: str | None = None, *, capture: bool = False) -> str:
        """Run a command in the shell."""


def _need(name: str, args: Args, least: int, most: int) -> None:
    if not least <= len(args) <= most:
        raise AwkError(f"wrong number of arguments in call to {name}")


def _text(program: Evaluator, args: Args, index: int = 0) -> str:
    """Return an argument as a string; without any, the record."""
    return program.text(program.value(args[index])) if args else program.record_text()


def _length(program: Evaluator, args: Args) -> Value:
    _need("length", args, 0, 1)
    if args and args[0].kind == "name":
        value = program.scope(args[0].text).get(args[0].text)
        if isinstance(value, dict):
            return float(len(value))
    return float(len(_text(program, args)))


def _substr(program: Evaluator, args: Args) -> Value:
    _need("substr", args, 2, 3)
    text = _text(program, args)
    start = _rounded(program.number(program.value(args[1])))
    end = len(text) + 1.0
    if len(args) > 2:
        end = min(end, start + _rounded(program.number(program.value(args[2]))))
    first = max(start, 1.0)
    return text[int(first) - 1 : int(end) - 1] if end > first else ""


def _rounded(number: float) -> float:
    """Round to the nearest whole number, halves to the even one."""
    return float(round(number))


def _index(program: Evaluator, args: Args) -> Value:
    _need("index", args, 2, 2)
    text, part = _text(program, args), _text(program, args, 1)
    charge(len(text) // 8)
    return float(text.find(part) + 1)


def _split(program: Evaluator, args: Args) -> Value:
    _need("split", args, 2, 3)
    text = _text(program, args)
    if args[1].kind != "name":
        raise AwkError("split: the second argument is no array")
    if len(args) > 2 and args[2].kind == "regex":
        parts = split_by(text, program.regex(args[2].text))
    else:
        separator = _text(program, args, 2) if len(args) > 2 else program.text_of("FS")
        parts = split_text(text, separator, program.regex)
    array = program.array(args[1].text)
    array.clear()
    array.update({str(n): InputText(part) for n, part in enumerate(parts, 1)})
    return float(len(parts))


def _match(program: Evaluator, args: Args) -> Value:
    _need("match", args, 2, 2)
    match = program.regex(program.pattern(args[1])).search(_text(program, args))
    start, length = (match.start + 1, match.end - match.start) if match else (0, -1)
    program.globals["RSTART"], program.globals["RLENGTH"] = float(start), float(length)
    return float(start)


def _sub(program: Evaluator, args: Args) -> Value:
    return _replace(program, args, "sub", most=1)


def _gsub(program: Evaluator, args: Args) -> Value:
    return _replace(program, args, "gsub", most=None)


def _replace(program: Evaluator, args: Args, name: str, most: int | None) -> Value:
    """Replace matches in a variable, a field or the record, and return how many."""
    _need(name, args, 2, 3)
    target = args[2] if len(args) > 2 else Node("field", "", (Node("number", "0"),))
    regex, swap = program.regex(program.pattern(args[0])), _text(program, args, 1)
    text = program.text(program.value(target))
    pieces: list[str] = []
    place = count = 0
    for match in regex.matches_in(text):
        pieces += (text[place : match.start], _swapped(swap, match.group(0)))
        charge(len(pieces[-1]) + len(swap), 1)
        place, count = match.end, count + 1
        if count == most:
            break
    if count and target.kind in ("name", "index", "field"):
        program.assign(target, "".join((*pieces, text[place:])))
    return float(count)


def _swapped(swap: str, match: str) -> str:
    """Return what stands for a match: ``&`` is the match, a backslash before it takes it as is."""
    if "&" not in swap and "\\" not in swap:
        return swap
    pieces: list[str] = []
    index = 0
    while index < len(swap):
        pair = swap[index : index + 2]
        if pair in ("\\&", "\\\\"):
            pieces.append(pair[1])
            index += 2
        else:
            pieces.append(match if swap[index] == "&" else swap[index])
            index += 1
    charge(sum(map(len, pieces)))
    return "".join(pieces)


def _sprintf(program: Evaluator, args: Args) -> Value:
    _need("sprintf", args, 1, 1000)
    values = [program.value(arg) for arg in args[1:]]
    return formatted(_text(program, args), values)


def _of_number(function: Callable[[float], float]) -> Function:
    def call(program: Evaluator, args: Args) -> Value:
        _need("a function of a number", args, 1, 1)
        try:
            return function(to_number(program.value(args[0])))
        except OverflowError:
            return math.inf
        except ValueError:
            return math.nan

    return call


def _int(number: float) -> float:
    return float(math.trunc(number)) if math.isfinite(number) else number


def _log(number: float) -> float:
    return math.log(number) if number else -math.inf


def _atan2(program: Evaluator, args: Args) -> Value:
    _need("atan2", args, 2, 2)
    return math.atan2(*(to_number(program.value(arg)) for arg in args))


def _rand(program: Evaluator, args: Args) -> Value:
    """Return the next of a row of numbers from 0 to 1, which begins the same each time."""
    count = program.globals.get("\0rand")
    number = to_number(None if isinstance(count, dict) else count) + 1
    program.globals["\0rand"] = number
    return random.Random(number).random()


def _srand(program: Evaluator, args: Args) -> Value:
    old = program.globals.get("\0seed", 0.0)
    seed = to_number(program.value(args[0])) if args else 1.0
    program.globals["\0seed"], program.globals["\0rand"] = seed, seed * 1e6
    return None if isinstance(old, dict) else old


def _lower(program: Evaluator, args: Args) -> Value:
    return _text(program, args).lower()


def _upper(program: Evaluator, args: Args) -> Value:
    return _text(program, args).upper()


def _system(program: Evaluator, args: Args) -> Value:
    _need("system", args, 1, 1)
    program.flush()
    return float(program.run_command(_text(program, args)))


def _close(program: Evaluator, args: Args) -> Value:
    _need("close", args, 1, 2)
    return float(program.close(_text(program, args)))


def _fflush(program: Evaluator, args: Args) -> Value:
    program.flush()
    return 0.0


Function = Callable[[Evaluator, Args], Value]
FUNCTIONS: dict[str, Function] = {
    "length": _length,
    "substr": _substr,
    "index": _index,
    "split": _split,
    "match": _match,
    "sub": _sub,
    "gsub": _gsub,
    "sprintf": _sprintf,
    "int": _of_number(_int),
    "sin": _of_number(math.sin),
    "cos": _of_number(math.cos),
    "exp": _of_number(math.exp),
    "log": _of_number(_log),
    "sqrt": _of_number(math.sqrt),
    "atan2": _atan2,
    "rand": _rand,
    "srand": _srand,
    "tolower": _lower,
    "toupper": _upper,
    "system": _system,
    "close": _close,
    "fflush": _fflush,
}
"""The functions by name."""
