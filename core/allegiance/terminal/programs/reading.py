"""Programs that print files, and parts of them: cat, tac, head, tail, wc, nl."""

from __future__ import annotations

from allegiance.shell.budget import charge
from allegiance.terminal.call import Call, Program
from allegiance.terminal.files import IS_DIRECTORY, FileError
from allegiance.terminal.options import Options, UsageError, parse_options
from allegiance.terminal.programs._text import count_of, cut_bytes, lines_of
from allegiance.terminal.streams import Text


def _cat(call: Call) -> int:
    options = call.options(
        "n,number b,number-nonblank s,squeeze-blank E,show-ends T,show-tabs A,show-all v e t u"
    )
    plain = not any(name not in ("u", "v") for name, _ in options.pairs)
    status, number, blank, follows = 0, 0, False, False
    for path in options.operands or ["-"]:
        try:
            content = call.read(path)
        except FileError as error:
            status = call.error(f"{path}: {error}")
            continue
        if plain:
            call.print(content.text, content.origin)
            continue
        pieces = []
        for line in lines_of(content.text):
            empty = line == "\n"
            if options.has("s") and empty and blank:
                continue
            blank = empty
            counted = not empty if options.has("b") else options.has("n")
            if counted and not follows:
                number += 1
                pieces.append(f"{number:6}\t")
            follows = not line.endswith("\n")
            pieces.append(_shown(line, options))
        call.print("".join(pieces))
    return status


def _shown(line: str, options: Options) -> str:
    if options.has("T", "A", "t"):
        line = line.replace("\t", "^I")
    if options.has("E", "A", "e") and line.endswith("\n"):
        line = line[:-1] + "$\n"
    return line


def _tac(call: Call) -> int:
    status = 0
    for path in call.options("").operands or ["-"]:
        try:
            content = call.read(path)
        except FileError as error:
            status = call.error(_unopened(path, error))
            continue
        call.print("".join(reversed(lines_of(content.text))))
    return status


def _nl(call: Call) -> int:
    options = call.options("b= w= s= n= v=")
    every = options.get("b", "t") == "a"
    width, number = options.number("w", 6, "invalid line number field width"), 0
    for path in options.operands or ["-"]:
        for line in lines_of(call.read(path).text):
            if every or line.strip("\n"):
                number += 1
                call.print(f"{number:{min(width, 50)}}{options.get('s', chr(9))}{line}")
            else:
                call.print(f"{' ' * (min(width, 50) + 1)}{line}")
    return 0


def _unopened(path: str, error: FileError) -> str:
    if str(error) == IS_DIRECTORY:
        return f"error reading '{path}': {error}"
    return f"cannot open '{path}' for reading: {error}"


def _ends(call: Call) -> int:
    """Print the first or the last part of files: head and tail."""
    args = [_modern(arg, call.name) if not index else arg for index, arg in enumerate(call.args)]
    options = parse_options(
        args, "n,lines= c,bytes= q,quiet,silent v,verbose f F follow=? s= pid= retry z"
    )
    paths = options.operands or ["-"]
    if call.name == "tail" and args[:1] != call.args[:1] and len(options.operands) > 1:
        raise UsageError(f"option used in invalid context -- {call.args[0][1]}")
    unit = options.last("n", "c") or "n"
    what = "number of lines" if unit == "n" else "number of bytes"
    value = options.get(unit, "10")
    amount = count_of(value.lstrip("+-"))
    if amount is None:
        raise UsageError(f"invalid {what}: '{value}'")
    headed = (len(paths) > 1 and not options.has("q")) or options.has("v")
    status, follows = 0, False
    for path in paths:
        try:
            content = call.content(path)
        except FileError as error:
            status = call.error(_unopened(path, error))
            if str(error) != IS_DIRECTORY or not headed:
                continue
            content = Text()
        if headed:
            name = "standard input" if path == "-" else path
            call.print(("\n" if follows else "") + f"==> {name} <==\n")
            follows = True
        _print_part(call, content, unit, value, amount)
    return status


def _print_part(call: Call, content: Text, unit: str, value: str, amount: int) -> None:
    text = content.text
    items = lines_of(text) if unit == "n" else text.encode()
    if call.name == "head":
        part = items[: max(len(items) - amount, 0)] if value.startswith("-") else items[:amount]
    elif value.startswith("+"):
        part = items[max(amount - 1, 0) :]
    else:
        part = items[max(len(items) - amount, 0) :]
    display = cut_bytes(part) if isinstance(part, bytes) else "".join(part)
    call.show(content, display)
    call.print(display, content.origin if display == text else None)


def _modern(arg: str, name: str) -> str:
    """Return an argument like ``-5`` in the form ``-n5``."""
    body = arg[1:]
    if arg.startswith("-") and body.isascii() and body.isdigit():
        return f"-n{body}"
    if name == "tail" and arg.startswith("+") and body.isascii() and body.isdigit():
        return f"-n+{body}"
    if arg.startswith("-") and body[:-1].isascii() and body[:-1].isdigit() and body[-1] == "c":
        return f"-c{body[:-1]}"
    return arg


def _wc(call: Call) -> int:
    options = call.options("l,lines w,words c,bytes m,chars L,max-line-length")
    kinds = [kind for kind in "lwmcL" if options.has(kind)] or ["l", "w", "c"]
    paths = options.operands or [""]
    width = _width(call, paths, kinds)
    totals = dict.fromkeys(kinds, 0)
    status = 0
    for path in paths:
        try:
            content = call.content(path or "-")
            counts = _counts(call, path, content.text)
        except FileError as error:
            status = call.error(f"{path}: {error}")
            if str(error) != IS_DIRECTORY:
                continue
            counts = dict.fromkeys("lwmcL", 0)
        for kind in kinds:
            totals[kind] = (
                max(totals[kind], counts[kind]) if kind == "L" else totals[kind] + counts[kind]
            )
        _row(call, [counts[kind] for kind in kinds], width, path)
    if len(paths) > 1:
        _row(call, [totals[kind] for kind in kinds], width, "total")
    return status


def _row(call: Call, counts: list[int], width: int, name: str) -> None:
    row = " ".join(f"{count:{width}}" for count in counts)
    call.print(f"{row} {name}\n" if name else f"{row}\n")


def _counts(call: Call, path: str, text: str) -> dict[str, int]:
    data = text.encode()
    charge(len(data))
    status = call.status(path) if path not in ("", "-") else None
    return {
        "l": data.count(b"\n"),
        "w": len(data.split()),
        "m": len(text),
        "c": status.size if status else len(data),  # a large file has a short stand-in
        "L": max((len(line.expandtabs()) for line in text.split("\n")), default=0),
    }


def _width(call: Call, paths: list[str], kinds: list[str]) -> int:
    """Return how wide the columns are, which depends on the sizes of the files."""
    if len(paths) == 1 and len(kinds) == 1:
        return 1
    least, total = 1, 0
    for path in paths:
        if path in ("", "-"):
            stdin = call.shell.stdin
            total += len(stdin.source.text.encode()) if stdin.regular else 0
            least = least if stdin.regular else 7
        elif (status := call.status(path)) is not None:
            total += 0 if status.directory else status.size
            least = 7 if status.directory else least
    return max(least, len(str(total)))


PROGRAMS: dict[str, Program] = {
    "cat": _cat,
    "tac": _tac,
    "nl": _nl,
    "head": _ends,
    "tail": _ends,
    "wc": _wc,
}
