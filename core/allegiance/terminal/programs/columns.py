"""Programs that take lines apart: cut, tr, paste, rev."""

from __future__ import annotations

from allegiance.reading import reads_text
from allegiance.shell.budget import charge
from allegiance.shell.words import resolve_escapes
from allegiance.terminal.call import Call, Program
from allegiance.terminal.files import FileError
from allegiance.terminal.options import UsageError
from allegiance.terminal.programs._text import bare_lines, lines_of

_MOST = 1_000_000


def _cut(call: Call) -> int:
    options = call.options(
        "d,delimiter= f,fields= c,characters= b,bytes= s,only-delimited complement "
        "output-delimiter= n z"
    )
    kind = options.last("f", "c", "b")
    if not kind:
        raise UsageError("you must specify a list of bytes, characters, or fields")
    delimiter = options.get("d", "\t")
    if len(delimiter) != 1:
        raise UsageError("the delimiter must be a single character")
    ranges = _ranges(options.get(kind), kind)
    out = options.get("output-delimiter", delimiter if kind == "f" else "")
    status = 0
    for path in options.operands or ["-"]:
        try:
            content = call.read(path)
        except FileError as error:
            status = call.error(f"{path}: {error}")
            continue
        for line in bare_lines(content.text):
            if kind == "f" and delimiter not in line:
                if not options.has("s"):
                    call.print(f"{line}\n")
                continue
            items = line.split(delimiter) if kind == "f" else list(line)
            groups = _chosen(items, ranges, complement=options.has("complement"))
            glue = out if kind == "f" else ""
            if kind == "f":
                groups = [[item for group in groups for item in group]]
            call.print(out.join(glue.join(group) for group in groups) + "\n")
    return status


def _chosen(
    items: list[str], ranges: list[tuple[int, int]], *, complement: bool
) -> list[list[str]]:
    """Return the items in ranges that begin with 1, a group for each range."""
    charge(0, len(items) // 8)
    if complement:
        inside = [any(a <= n <= b for a, b in ranges) for n in range(1, len(items) + 1)]
        return [[item for item, hit in zip(items, inside, strict=True) if not hit]]
    return [group for a, b in ranges if (group := items[a - 1 : b])]


@reads_text("1,", "1-", "-", ",", "a", limit=None)
def _ranges(text: str, kind: str = "f") -> list[tuple[int, int]]:
    """Return the ranges of a list, merged and in order."""
    what = "field" if kind == "f" else "byte/character position"
    ranges: list[tuple[int, int]] = []
    for part in text.replace(" ", ",").split(","):
        first, dash, last = part.partition("-")
        fine = all(n == "" or (n.isascii() and n.isdigit() and len(n) < 10) for n in (first, last))
        if not fine or not first + last:
            raise UsageError(f"invalid {what} value '{part}'" if fine is False else _EMPTY)
        begin, end = int(first or 1), int(last) if last else (_MOST if dash else int(first))
        if begin == 0:
            raise UsageError(f"{what}s are numbered from 1")
        if end < begin:
            raise UsageError("invalid decreasing range")
        ranges.append((begin, end))
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(ranges):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


_EMPTY = "invalid range with no endpoint: -"


def _tr(call: Call) -> int:
    options = call.options("d,delete s,squeeze-repeats c,C,complement t", first=True)
    if not options.operands:
        raise UsageError("missing operand")
    first = _set(options.operands[0])
    second = _set(options.operands[1]) if len(options.operands) > 1 else ""
    text = call.shell.stdin.take().text
    inside = set(first)
    complement = options.has("c")
    if options.has("d"):
        text = "".join(c for c in text if (c in inside) == complement)
    elif second and complement:
        text = "".join(c if c in inside else second[-1] for c in text)
    elif second:
        padded = second + second[-1] * (len(first) - len(second))
        text = text.translate({ord(a): b for a, b in zip(first, padded, strict=False)})
    elif not options.has("s"):
        raise UsageError(f"missing operand after '{options.operands[0]}'")
    if options.has("s"):
        squeezed = set(second) if second else inside
        flip = complement and not second
        letters = [
            c for i, c in enumerate(text) if not i or c != text[i - 1] or (c in squeezed) == flip
        ]
        text = "".join(letters)
    call.print(text)
    return 0


_CLASSES = {
    "lower": "abcdefghijklmnopqrstuvwxyz",
    "upper": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "digit": "0123456789",
    "space": "\t\n\v\f\r ",
    "blank": "\t ",
    "punct": "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
}
_CLASSES["alpha"] = _CLASSES["upper"] + _CLASSES["lower"]
_CLASSES["alnum"] = _CLASSES["digit"] + _CLASSES["alpha"]


@reads_text("[:", "a-z", "\\n", "-", "[:alpha:]", limit=None)
def _set(text: str) -> str:
    """Return the characters of a set."""
    text = resolve_escapes(text)
    pieces: list[str] = []
    index = 0
    while index < len(text):
        end = text.find(":]", index, index + 12) if text.startswith("[:", index) else -1
        if end > 0 and text[index + 2 : end] in _CLASSES:
            pieces.append(_CLASSES[text[index + 2 : end]])
            index = end + 2
        elif text[index + 1 : index + 2] == "-" and index + 2 < len(text):
            low, high = ord(text[index]), ord(text[index + 2])
            if high < low:
                raise UsageError(f"range-endpoints of '{text[index : index + 3]}' are in reverse")
            charge(high - low)
            pieces.append("".join(chr(n) for n in range(low, min(high, low + 1000) + 1)))
            index += 3
        else:
            pieces.append(text[index])
            index += 1
    return "".join(pieces)


def _paste(call: Call) -> int:
    options = call.options("d,delimiters= s,serial z")
    glue = options.get("d", "\t").replace("\\t", "\t").replace("\\n", "\n") or ""
    columns = [bare_lines(call.read(path).text) for path in options.operands or ["-"]]
    if options.has("s"):
        for column in columns:
            call.print(glue[:1].join(column) + "\n")
        return 0
    for index in range(max((len(c) for c in columns), default=0)):
        row = [c[index] if index < len(c) else "" for c in columns]
        call.print(glue[:1].join(row) + "\n")
    return 0


def _rev(call: Call) -> int:
    for path in call.options("").operands or ["-"]:
        for line in lines_of(call.read(path).text):
            call.print(line.rstrip("\n")[::-1] + "\n" * line.endswith("\n"))
    return 0


PROGRAMS: dict[str, Program] = {"cut": _cut, "tr": _tr, "paste": _paste, "rev": _rev}
