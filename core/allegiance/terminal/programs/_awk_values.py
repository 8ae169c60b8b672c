"""The values of awk: numbers, strings, and strings of the input that look like numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from allegiance.reading import reads_text
from allegiance.shell.budget import charge
from allegiance.terminal.programs._awk_lexer import AwkError

_NUMBER = re.compile(r"[ \t\n\r\f\v]*+([-+]?(?:[0-9]++\.?[0-9]*+|\.[0-9]++)(?:[eE][-+]?[0-9]++)?)")
_WHOLE = re.compile(rf"{_NUMBER.pattern}[ \t\n\r\f\v]*+")
_LONGEST_NUMBER = 400
_FORMAT = re.compile(r"%([-+ #0]*)(\*|[0-9]*)(?:\.(\*|[0-9]*))?[hlL]*(.?)", re.DOTALL)
_WIDEST = 100_000


class InputText(str):
    """A string of the input: a field, a line or a variable of the command line.

    It compares as a number where it looks like a number.
    """

    __slots__ = ()


Value = float | str | None
"""A value; None is that of a variable that was never set."""


@reads_text("1", " ", ".", "1e", "-", "a", limit=None)
def to_number(value: Value) -> float:
    """Return a value as a number: what a string begins with, or 0."""
    if value is None:
        return 0.0
    if isinstance(value, str):
        number = _NUMBER.match(value[:_LONGEST_NUMBER])
        return float(number[1]) if number else 0.0
    return value


@reads_text("1", " ", ".", "1e", "-", "a", limit=None)
def is_number(value: Value) -> bool:
    """Tell whether a value compares as a number."""
    if isinstance(value, InputText):
        return len(value) <= _LONGEST_NUMBER and _WHOLE.fullmatch(value) is not None
    return not isinstance(value, str)


def is_true(value: Value) -> bool:
    """Tell whether a value counts as true."""
    return to_number(value) != 0 if is_number(value) else bool(value)


def to_text(value: Value, form: str = "%.6g") -> str:
    """Return a value as a string; ``form`` is for numbers that are not whole."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if math.isnan(value):
        return "-nan" if math.copysign(1, value) < 0 else "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if value == int(value) and abs(value) < 2**53:
        return str(int(value))
    return formatted(form, (value,))


def compare(sign: str, first: Value, second: Value) -> bool:
    """Compare two values, as numbers if both are or look like numbers."""
    a: float | str
    b: float | str
    if is_number(first) and is_number(second):
        a, b = to_number(first), to_number(second)
    else:
        a, b = to_text(first), to_text(second)
        charge(min(len(a), len(b)) // 16)
    order = (a > b) - (a < b)  # type: ignore[operator]  # both are of one type
    return {
        "<": order < 0,
        "<=": order <= 0,
        "==": order == 0,
        "!=": order != 0,
        ">": order > 0,
        ">=": order >= 0,
    }[sign]


def calculate(sign: str, first: float, second: float) -> float:
    """Return the result of an operator; one that has none is infinite or not a number."""
    try:
        if sign == "+":
            return first + second
        if sign == "-":
            return first - second
        if sign == "*":
            return first * second
        if sign == "/":
            return first / second
        if sign == "%":
            return math.fmod(first, second)
        result = first**second
        return result if isinstance(result, float) else math.nan
    except ZeroDivisionError:
        return math.copysign(math.inf, first) if first and sign == "/" else -math.nan
    except OverflowError:
        return math.inf
    except ValueError:
        return -math.nan


@reads_text("%", "%d", "%s", "%*d", "%.", "%5", "%%", "a", limit=None)
def formatted(form: str, values: Sequence[Value] = ()) -> str:
    """Return a format of printf with values in it.

    Raises:
        AwkError: If a value is missing, or a field is too wide.
    """
    left = list(reversed(values))

    def following() -> Value:
        if not left:
            raise AwkError(f'not enough arguments passed to sprintf("{form[:80]}")')
        return left.pop()

    def fill(match: re.Match[str]) -> str:
        flags, width, precision, kind = match.groups()
        if kind == "%":
            return "%"
        numbers = [following() if part == "*" else part for part in (width, precision)]
        wide, exact = (to_number(n) if n else 0 for n in numbers)
        if abs(wide) > _WIDEST or exact > _WIDEST:
            raise AwkError("a field is too wide")
        size = str(int(wide)) if width else ""
        spec = f"%{flags}{size}" + (f".{max(int(exact), 0)}" if precision is not None else "")
        charge(int(abs(wide)) + int(exact), 1)
        return _field(spec, kind, following()) if kind in _KINDS and kind else match[0]

    charge(len(form), 1)
    return _FORMAT.sub(fill, form)


_KINDS = "diouxXeEfFgGcs"


def _field(spec: str, kind: str, value: Value) -> str:
    if kind == "s":
        return f"{spec}s" % to_text(value)
    if kind == "c":
        is_code = not isinstance(value, str)
        code = int(to_number(value)) if is_code and math.isfinite(to_number(value)) else 0
        return f"{spec}s" % (chr(code & 0xFF) if is_code else to_text(value)[:1])
    number = to_number(value)
    if not math.isfinite(number):
        spec = re.sub(r"\..*|0", "", spec) if kind in "diouxX" else spec
        return f"{spec}s" % to_text(number)
    if kind in "diouxX":
        whole = int(number)
        return f"{spec}{'d' if kind in 'iu' else kind}" % (
            whole if kind in "di" or whole >= 0 else whole + 2**64
        )
    return f"{spec}{kind}" % number
