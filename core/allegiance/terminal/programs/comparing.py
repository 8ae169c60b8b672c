"""diff and cmp."""

from __future__ import annotations

from collections.abc import Iterator

from allegiance.shell.budget import charge
from allegiance.terminal.call import Call, Program
from allegiance.terminal.files import MISSING, FileError, inside
from allegiance.terminal.options import Options, UsageError
from allegiance.terminal.programs._changes import Hunk, changes
from allegiance.terminal.programs._dates import moment, now
from allegiance.terminal.programs._text import bare_lines
from allegiance.terminal.streams import Text

_OPTIONS = (
    "u,unified=? U= c,context=? C= q,brief r,recursive i,ignore-case w,ignore-all-space "
    "b,ignore-space-change B,ignore-blank-lines s,report-identical-files N,new-file "
    "a,text color=? y,side-by-side W= strip-trailing-cr L,label= x,exclude= d,minimal normal"
)
_NO_NEWLINE = "\\ No newline at end of file\n"


def _diff(call: Call) -> int:
    args = [_plain_flag(arg) for arg in call.args]
    call.args = args
    options = call.options(_OPTIONS)
    if len(options.operands) != 2:
        missing = options.operands[-1] if options.operands else "diff"
        raise UsageError(f"missing operand after '{missing}'")
    first, second = options.operands
    statuses = [call.status(p) for p in (first, second)]
    folders = [s is not None and s.directory for s in statuses]
    if all(folders):
        return _folders(call, options, first, second)
    if folders[0]:
        first = inside(first, second.rpartition("/")[2])
    elif folders[1]:
        second = inside(second, first.rpartition("/")[2])
    return _files(call, options, first, second)


def _plain_flag(arg: str) -> str:
    """Return ``-u`` in a form whose number may be missing, and ``-U3`` as it is."""
    return "-U3" if arg in ("-u", "--unified") else arg


def _folders(call: Call, options: Options, first: str, second: str) -> int:
    """Compare two directories."""
    left, right = (call.files.names(call.place(p)) for p in (first, second))
    code = 0
    for name in sorted({*left, *right}):
        a, b = inside(first, name), inside(second, name)
        if (name not in left or name not in right) and not options.has("N"):
            call.print(f"Only in {first if name in left else second}: {name}\n")
            code = max(code, 1)
            continue
        kinds = [(s := call.status(p)) is not None and s.directory for p in (a, b)]
        if all(kinds):
            if options.has("r"):
                code = max(code, _folders(call, options, a, b))
            else:
                call.print(f"Common subdirectories: {a} and {b}\n")
        elif any(kinds):
            display = [
                f"{p} is a {'directory' if k else 'regular file'}"
                for p, k in zip((a, b), kinds, strict=True)
            ]
            call.print(f"File {display[0]} while file {display[1]}\n")
            code = max(code, 1)
        else:
            flags = " ".join(arg for arg in call.args if arg.startswith("-"))
            code = max(code, _files(call, options, a, b, head=f"diff {flags} {a} {b}\n"))
    return code


def _files(call: Call, options: Options, first: str, second: str, head: str = "") -> int:
    texts: list[Text] = []
    for path in (first, second):
        try:
            texts.append(call.read(path))
        except FileError as error:
            if options.has("N") and str(error) == MISSING and texts is not None:
                texts.append(Text())
                continue
            call.error(f"{path}: {error}")
    if len(texts) < 2:
        return 2
    hunks = _compared(texts[0].text, texts[1].text, options)
    if not hunks:
        if options.has("s"):
            call.print(f"Files {first} and {second} are identical\n")
        return 0
    if options.has("q"):
        call.print(f"Files {first} and {second} differ\n")
        return 1
    call.print(head.replace("-U3", "-u"))
    if options.has("U", "u"):
        width = options.number("U", 3, "invalid context length")
        labels = [
            *options.all("L"),
            *(_label(call, p) for p in (first, second)[len(options.all("L")) :]),
        ]
        call.print(f"--- {labels[0]}\n+++ {labels[1]}\n")
        call.print("".join(_unified(texts[0].text, texts[1].text, hunks, width)))
    else:
        call.print("".join(_normal(texts[0].text, texts[1].text, hunks)))
    return 1


def _label(call: Call, path: str) -> str:
    status = call.status(path) if path != "-" else None
    value = moment(status.modified) if status else now(call.files.world)
    return f"{path}\t{value:%Y-%m-%d %H:%M:%S}.000000000 +0000"


def _compared(first: str, second: str, options: Options) -> list[Hunk]:
    if first == second:
        return []
    lines = [_keys(text, options) for text in (first, second)]
    hunks = changes(*lines)
    if options.has("B"):
        a, b = lines
        hunks = [h for h in hunks if any(a[h.begin : h.end]) or any(b[h.start : h.stop])]
    return hunks


def _keys(text: str, options: Options) -> list[str]:
    """Return what lines are compared by; a last line without an end differs from one with it."""
    lines = bare_lines(text)
    charge(len(text) // 4)
    if options.has("w"):
        lines = ["".join(line.split()) for line in lines]
    elif options.has("b"):
        lines = [" ".join(f"x{line}".split())[1:] for line in lines]
    if options.has("i"):
        lines = [line.lower() for line in lines]
    if text and not text.endswith("\n") and not options.has("w", "b"):
        lines[-1] += "\0"
    return lines


def _rows(text: str, begin: int, end: int, sign: str) -> Iterator[str]:
    lines = bare_lines(text)
    for index in range(begin, end):
        yield f"{sign}{lines[index]}\n"
        if index + 1 == len(lines) and not text.endswith("\n"):
            yield _NO_NEWLINE


def _span(begin: int, end: int) -> str:
    return str(end) if end - begin <= 1 else f"{begin + 1},{end}"


def _normal(first: str, second: str, hunks: list[Hunk]) -> Iterator[str]:
    for h in hunks:
        kind = "a" if h.begin == h.end else "d" if h.start == h.stop else "c"
        left = str(h.begin) if kind == "a" else _span(h.begin, h.end)
        right = str(h.start) if kind == "d" else _span(h.start, h.stop)
        yield f"{left}{kind}{right}\n"
        yield from _rows(first, h.begin, h.end, "< ")
        if kind == "c":
            yield "---\n"
        yield from _rows(second, h.start, h.stop, "> ")


def _unified(first: str, second: str, hunks: list[Hunk], width: int) -> Iterator[str]:
    groups: list[list[Hunk]] = []
    for hunk in hunks:
        if groups and hunk.begin - groups[-1][-1].end <= 2 * width:
            groups[-1].append(hunk)
        else:
            groups.append([hunk])
    lengths = len(bare_lines(first)), len(bare_lines(second))
    for group in groups:
        head, last = group[0], group[-1]
        begin, start = max(head.begin - width, 0), max(head.start - width, 0)
        end, stop = min(last.end + width, lengths[0]), min(last.stop + width, lengths[1])
        yield f"@@ -{_range(begin, end)} +{_range(start, stop)} @@\n"
        place = begin
        for h in group:
            yield from _rows(first, place, h.begin, " ")
            yield from _rows(first, h.begin, h.end, "-")
            yield from _rows(second, h.start, h.stop, "+")
            place = h.end
        yield from _rows(first, place, end, " ")


def _range(begin: int, end: int) -> str:
    if end - begin == 1:
        return str(end)
    return f"{begin + 1 if end > begin else begin},{end - begin}"


def _cmp(call: Call) -> int:
    options = call.options("s,quiet,silent l b n=")
    first, second = (call.read(path).text.encode() for path in options.operands[:2])
    if first == second:
        return 0
    place = next((i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), None)
    if options.has("s"):
        return 1
    a, b = options.operands[:2]
    if place is None:
        short, size = (a, len(first)) if len(first) < len(second) else (b, len(second))
        call.error(f"EOF on {short} after byte {size}, line {first[:size].count(10)}")
    else:
        line = first[:place].count(10) + 1
        call.print(f"{a} {b} differ: char {place + 1}, line {line}\n")
    return 1


PROGRAMS: dict[str, Program] = {"diff": _diff, "cmp": _cmp}
