"""Programs that order and compare lines: sort, uniq, comm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cmp_to_key
from typing import Any

from allegiance.reading import reads_text
from allegiance.shell.budget import charge
from allegiance.terminal.call import Call, Program
from allegiance.terminal.files import FileError
from allegiance.terminal.options import Options, UsageError
from allegiance.terminal.programs._text import bare_lines

_KINDS = "bdfghiMnRrV"
_SUFFIXES = " KMGTPEZY"


@dataclass(frozen=True)
class _Key:
    """One ``-k``: where it begins and ends, and how it is compared."""

    field: int = 1
    char: int = 1
    end_field: int = 0
    end_char: int = 0
    flags: str = ""
    end_blanks: bool = False

    def text(self, line: str, separator: str) -> str:
        """Return the part of a line that is compared."""
        if self.field == 1 and self.char == 1 and not self.end_field and "b" not in self.flags:
            return line
        spans = _fields(line, separator)
        begin = self._begin(line, spans)
        return line[begin : max(self._end(line, spans), begin)]

    def _begin(self, line: str, spans: list[tuple[int, int]]) -> int:
        if self.field > len(spans):
            return len(line)
        begin, end = spans[self.field - 1]
        if "b" in self.flags:
            while begin < end and line[begin] in " \t":
                begin += 1
        return min(begin + self.char - 1, len(line))

    def _end(self, line: str, spans: list[tuple[int, int]]) -> int:
        if not self.end_field or self.end_field > len(spans):
            return len(line)
        begin, end = spans[self.end_field - 1]
        if not self.end_char:
            return end
        if self.end_blanks:
            while begin < end and line[begin] in " \t":
                begin += 1
        return min(begin + self.end_char, len(line))


def _fields(line: str, separator: str) -> list[tuple[int, int]]:
    """Return where the fields of a line begin and end; blanks belong to the field behind them."""
    charge(len(line) // 8)
    spans: list[tuple[int, int]] = []
    if separator:
        begin = 0
        for part in line.split(separator):
            spans.append((begin, begin + len(part)))
            begin += len(part) + 1
        return spans
    begin = 0
    for index in range(1, len(line)):
        if line[index] in " \t" and line[index - 1] not in " \t":
            spans.append((begin, index))
            begin = index
    return [*spans, (begin, len(line))]


def _key(text: str, general: str) -> _Key:
    begin, _, end = text.partition(",")
    field, char, flags = _position(begin, text)
    end_field, end_char, end_flags = _position(end, text) if end else (0, 0, "")
    if field == 0:
        raise UsageError(f"-: invalid field specification '{text}'")
    own = flags + end_flags
    return _Key(
        field, char or 1, end_field, end_char, own or general, "b" in (end_flags or general)
    )


def _position(text: str, whole: str) -> tuple[int, int, str]:
    number = text.rstrip(_KINDS)
    field, _, char = number.partition(".")
    if not field.isdigit() or (char and not char.isdigit()) or len(number) > 9:
        raise UsageError(f"invalid number at field start: invalid count at start of '{whole}'")
    return int(field), int(char or 0), text[len(number) :]


def _number(text: str) -> float:
    text = text.lstrip(" \t")
    sign = -1 if text.startswith("-") else 1
    digits = ""
    for char in text.lstrip("-")[:40]:
        if not (char.isascii() and char.isdigit()) and (char != "." or "." in digits):
            break
        digits += char
    return sign * float(digits) if digits.strip(".") else 0.0


def _human(text: str) -> tuple[float, float]:
    number = _number(text)
    suffix = text.strip().lstrip("-0123456789.")[:1]
    power = max(_SUFFIXES.find(suffix.upper()), 0) if suffix else 0
    sign = -1 if number < 0 else 1
    return (0.0, 0.0) if number == 0 else (sign * (power + 1), number)


_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]


def _compared(key: _Key, text: str) -> object:
    """Return what stands for a string in the order of a key."""
    if "n" in key.flags or "g" in key.flags:
        return _number(text)
    if "h" in key.flags:
        return _human(text)
    if "M" in key.flags:
        month = text.lstrip()[:3].upper()
        return _MONTHS.index(month) + 1 if month in _MONTHS else 0
    if "V" in key.flags:
        return _version(text)
    if "f" in key.flags:
        text = text.upper()
    if "d" in key.flags:
        text = "".join(c for c in text if c.isalnum() or c in " \t")
    return text.encode("utf-8", "surrogatepass")


@reads_text("1", "a", ".", "1a", limit=None)
def _version(text: str) -> list[tuple[int, int | str]]:
    parts: list[tuple[int, int | str]] = []
    run = ""
    for char in [*text, ""]:
        if run and (not char or char.isdigit() != run[-1].isdigit()):
            fine = run.isascii() and run.isdigit() and len(run) < 100
            parts.append((1, int(run)) if fine else (0, run))
            run = ""
        run += char
    return parts


def _sort(call: Call) -> int:
    options = call.options(
        "r,reverse n,numeric-sort u,unique k,key= t,field-separator= h,human-numeric-sort "
        "f,ignore-case b,ignore-leading-blanks o,output= c,check=? C s,stable V,version-sort "
        "M,month-sort g,general-numeric-sort d,dictionary-order i R z S= T= parallel="
    )
    general = "".join(kind for kind in _KINDS if options.has(kind))
    keys = [_key(text, general) for text in options.all("k")] or [_Key(flags=general)]
    separator = options.get("t").replace("\\t", "\t")
    lines: list[str] = []
    for path in options.operands or ["-"]:
        try:
            lines += bare_lines(call.read(path).text)
        except FileError as error:
            doing = "read failed" if str(error) == "Is a directory" else "cannot read"
            return call.error(f"{doing}: {path}: {error}", 2)
    order = _order(keys, separator, options, reverse="r" in general)
    if options.has("c", "C"):
        return _check(call, lines, order, options)
    charge(len(lines) * (len(lines).bit_length() + 1) // 2)
    lines.sort(key=order)
    if options.has("u"):
        same = _order(keys, separator, options, reverse=False)
        lines = [line for i, line in enumerate(lines) if not i or same(line) != same(lines[i - 1])]
    text = "".join(f"{line}\n" for line in lines)
    if options.has("o"):
        call.files.write(call.place(options.get("o")), text)
    else:
        call.print(text)
    return 0


def _order(
    keys: list[_Key], separator: str, options: Options, *, reverse: bool
) -> Callable[[str], Any]:
    """Return the key function of a sort; keys that are equal are decided by the whole line."""
    whole = not options.has("u", "s")

    def values(line: str) -> list[tuple[bool, Any]]:
        parts = [("r" in k.flags, _compared(k, k.text(line, separator))) for k in keys]
        return [*parts, (reverse, line.encode("utf-8", "surrogatepass"))] if whole else parts

    if not any(flag for flag, _ in values("")):
        return lambda line: [value for _, value in values(line)]

    def compare(a: list[tuple[bool, Any]], b: list[tuple[bool, Any]]) -> int:
        for (backwards, first), (_, second) in zip(a, b, strict=True):
            if first != second:
                return 1 if (first > second) != backwards else -1
        return 0

    wrap = cmp_to_key(compare)
    return lambda line: wrap(values(line))


def _check(call: Call, lines: list[str], order: Callable[[str], Any], options: Options) -> int:
    for index in range(1, len(lines)):
        before, now = order(lines[index - 1]), order(lines[index])
        if now < before or (options.has("u") and now == before):
            name = options.operands[0] if options.operands else "-"
            if options.has("c"):
                call.error(f"{name}:{index + 1}: disorder: {lines[index]}")
            return 1
    return 0


def _uniq(call: Call) -> int:
    options = call.options(
        "c,count d,repeated u,unique i,ignore-case f,skip-fields= s,skip-chars= w,check-chars= D z"
    )
    operands = options.operands
    if len(operands) > 2:
        raise UsageError(f"extra operand '{operands[2]}'")
    lines = bare_lines(call.read(operands[0] if operands else "-").text)
    skipped = options.number("f", 0, "invalid number of fields to skip")
    chars = options.number("s", 0, "invalid number of bytes to skip")
    width = options.number("w", -1, "invalid number of bytes to compare")

    def compared(line: str) -> str:
        spans = _fields(line, "")
        if skipped:
            line = line[spans[skipped - 1][1] :] if skipped <= len(spans) else ""
        line = line[chars:]
        line = line[:width] if width >= 0 else line
        return line.lower() if options.has("i") else line

    groups: list[list[str]] = []
    last = None
    for line in lines:
        if (now := compared(line)) != last or not groups:
            groups.append([])
        groups[-1].append(line)
        last = now
    pieces: list[str] = []
    for group in groups:
        if (options.has("d", "D") and len(group) < 2) or (options.has("u") and len(group) > 1):
            continue
        count = f"{len(group):7} " if options.has("c") else ""
        pieces += [f"{count}{line}\n" for line in (group if options.has("D") else group[:1])]
    text = "".join(pieces)
    if len(operands) == 2:
        call.files.write(call.place(operands[1]), text)
    else:
        call.print(text)
    return 0


def _comm(call: Call) -> int:
    options = call.options("1 2 3 check-order nocheck-order total")
    if len(options.operands) != 2:
        raise UsageError("missing operand")
    first, second = (bare_lines(call.read(path).text) for path in options.operands)
    tabs = {2: "\t" * (not options.has("1"))}
    tabs[3] = tabs[2] + "\t" * (not options.has("2"))
    i = j = 0
    while i < len(first) or j < len(second):
        if j >= len(second) or (i < len(first) and first[i] < second[j]):
            column, line, i = 1, first[i], i + 1
        elif i >= len(first) or second[j] < first[i]:
            column, line, j = 2, second[j], j + 1
        else:
            column, line, i, j = 3, first[i], i + 1, j + 1
        if not options.has(str(column)):
            call.print(f"{tabs.get(column, '')}{line}\n")
    return 0


PROGRAMS: dict[str, Program] = {"sort": _sort, "uniq": _uniq, "comm": _comm}
