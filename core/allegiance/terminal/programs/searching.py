"""grep."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from allegiance.reading import TooLong
from allegiance.terminal.call import Call, Program
from allegiance.terminal.files import FileError, base, inside
from allegiance.terminal.globs import matches
from allegiance.terminal.options import Options, UsageError
from allegiance.terminal.programs._text import bare_lines
from allegiance.terminal.regex import Match, Regex
from allegiance.terminal.regex_steps import RegexError

_OPTIONS = (
    "i,ignore-case,y v,invert-match n,line-number c,count l,files-with-matches "
    "L,files-without-match o,only-matching r,recursive R,dereference-recursive h,no-filename "
    "H,with-filename w,word-regexp x,line-regexp q,quiet,silent s,no-messages E,extended-regexp "
    "F,fixed-strings P,perl-regexp G,basic-regexp e,regexp= f,file= A,after-context= "
    "B,before-context= C,context= m,max-count= include= exclude= exclude-dir= color=? colour=? "
    "a,text I T b,byte-offset Z,null line-buffered binary-files= no-ignore-case"
)


@dataclass
class _Search:
    """One call of grep: what it looks for and how it prints."""

    call: Call
    options: Options
    regexes: list[Regex]
    named: bool
    before: int
    after: int
    most: int
    inner: int

    def selects(self, line: str) -> bool:
        return any(r.matches(line) for r in self.regexes) != self.options.has("v")

    def prefix(self, path: str, number: int, sign: str) -> str:
        name = f"{path}{sign}" if self.named else ""
        return name + (f"{number}{sign}" if self.options.has("n") else "")


def _grep(call: Call) -> int:
    args = [f"-C{a[1:]}" if a[:1] == "-" and a[1:].isdigit() else a for a in call.args]
    call.args = args
    options = call.options(_OPTIONS)
    paths = list(options.operands)
    patterns = [line for text in options.all("e") for line in text.split("\n")]
    for path in options.all("f"):
        patterns += bare_lines(call.read(path).text)
    if not options.has("e", "f"):
        if not paths:
            raise UsageError("Usage: grep [OPTION]... PATTERNS [FILE]...")
        patterns += paths.pop(0).split("\n")
    deep = options.has("r", "R")
    named = (len(paths) > 1 or deep or options.has("H")) and options.last("h", "H") != "h"
    try:
        regexes = [_regex(call, options, pattern) for pattern in patterns]
    except (RegexError, TooLong) as error:
        return call.error(str(error), 2)
    context = options.number("C", 0, "invalid context length argument")
    search = _Search(
        call,
        options,
        regexes,
        named,
        options.number("B", context, "invalid context length argument"),
        options.number("A", context, "invalid context length argument"),
        options.number("m", -1, "invalid max count"),
        2 if options.has("w") else 1 if options.has("x") else 0,
    )
    return _search_all(search, paths, deep=deep)


def _search_all(search: _Search, paths: list[str], *, deep: bool) -> int:
    call, options = search.call, search.options
    hit = trouble = False
    for path in paths or (["."] if deep else ["-"]):
        for name in _walk(search, path) if deep else [path]:
            display = name[2:] if deep and not paths and name.startswith("./") else name
            try:
                content = call.content(name)
            except FileError as error:
                trouble = True
                if not options.has("s"):
                    call.error(f"{display}: {error}")
                continue
            display = "(standard input)" if name == "-" else display
            selected = _search_one(search, display, content.text, content.origin)
            hit = hit or selected
            if hit and options.has("q"):
                return 0
    return 2 if trouble and not (hit and options.has("q")) else 0 if hit else 1


def _walk(search: _Search, path: str) -> Iterator[str]:
    """Yield the files below a path, as the options select them."""
    call, options = search.call, search.options
    status = call.status(path)
    if status is None or not status.directory:
        yield path
        return
    todo = [path.rstrip("/") or path]
    while todo:
        folder = todo.pop()
        status = call.files.status(call.place(folder))
        if status is not None and status.directory:
            if folder != path and _listed(base(folder), options.all("exclude-dir")):
                continue
            names = call.files.names(call.place(folder))
            todo += [inside(folder, name) for name in reversed(names)]
        elif _is_chosen(base(folder), options):
            yield folder


def _is_chosen(name: str, options: Options) -> bool:
    """Tell whether ``--include`` and ``--exclude`` let a file be searched."""
    included = options.all("include")
    return (not included or _listed(name, included)) and not _listed(name, options.all("exclude"))


def _listed(name: str, globs: list[str]) -> bool:
    return any(matches(name, glob.rstrip("/")) for glob in globs)


def _regex(call: Call, options: Options, pattern: str) -> Regex:
    kind = options.last("E", "F", "P", "G") or {"egrep": "E", "fgrep": "F"}.get(call.name, "G")
    extended = kind in ("E", "P", "F")
    if kind == "F":
        pattern = "".join(f"\\{c}" if c in "\\^$.*[]+?{}()|" else c for c in pattern)
    elif kind == "P":
        pattern = pattern.replace("\\d", "[0-9]").replace("(?:", "(")
    left, right, either = ("(", ")", "|") if extended else ("\\(", "\\)", "\\|")
    if options.has("x"):
        pattern = f"^{left}{pattern}{right}$"
    elif options.has("w"):
        around = f"{left}^{either}\\W{right}", f"{left}\\W{either}${right}"
        pattern = f"{around[0]}{left}{pattern}{right}{around[1]}"
    return Regex(pattern, extended=extended, fold=options.has("i"))


def _search_one(search: _Search, path: str, text: str, origin: str | None) -> bool:
    """Search one file; tell whether it has a selected line."""
    options, call = search.options, search.call
    lines = bare_lines(text)
    selection = _selected(search, lines)
    if options.has("q"):
        return bool(selection)
    if options.has("c"):
        call.print(f"{path}:{len(selection)}\n" if search.named else f"{len(selection)}\n")
    if options.has("l", "L"):
        if bool(selection) == options.has("l"):
            call.print(f"{path}\n")
        return bool(selection) if options.has("l") else not selection
    if options.has("c"):
        return bool(selection)
    if selection and "\0" in text and not options.has("a"):
        call.print(f"grep: {path}: binary file matches\n")
        return True
    if selection and origin:
        call.files.note_read(origin, "\n".join(lines[index] for index in selection))
    if options.has("o"):
        _print_parts(search, path, lines, selection)
    else:
        _print_lines(search, path, lines, selection)
    return bool(selection)


def _selected(search: _Search, lines: list[str]) -> list[int]:
    """Return the numbers of the lines that are selected, as many as are needed."""
    selection: list[int] = []
    most = 1 if search.options.has("q", "l", "L") else search.most
    for index, line in enumerate(lines):
        if len(selection) == most:
            break
        if search.selects(line):
            selection.append(index)
    return selection


def _print_parts(search: _Search, path: str, lines: list[str], selection: list[int]) -> None:
    if search.options.has("v"):
        return
    for index in selection:
        for part in _parts(search, lines[index]):
            search.call.print(f"{search.prefix(path, index + 1, ':')}{part}\n")


def _parts(search: _Search, line: str) -> Iterator[str]:
    """Yield the parts of a line that match: the longest of the first matches each time."""
    position = 0
    while position <= len(line):
        best: tuple[int, int] | None = None
        for regex in search.regexes:
            match = regex.search(line, position)
            if match is not None:
                start, end = _span(match, search.inner)
                if best is None or (start, -end) < (best[0], -best[1]):
                    best = start, end
        if best is None:
            return
        if best[1] > best[0]:
            yield line[best[0] : best[1]]
        position = max(best[1], position + (best[1] == best[0]))


def _span(match: Match, group: int) -> tuple[int, int]:
    return match.ends[2 * group], match.ends[2 * group + 1]


def _print_lines(search: _Search, path: str, lines: list[str], selection: list[int]) -> None:
    last = -1
    hits = set(selection)
    for index in selection:
        first = max(index - search.before, last + 1)
        if last >= 0 and first > last + 1 and (search.before or search.after):
            search.call.print("--\n")
        for place in range(first, index + 1):
            sign = ":" if place in hits else "-"
            search.call.print(f"{search.prefix(path, place + 1, sign)}{lines[place]}\n")
        last = index
        for place in range(index + 1, min(index + 1 + search.after, len(lines))):
            if place in hits:
                break
            search.call.print(f"{search.prefix(path, place + 1, '-')}{lines[place]}\n")
            last = place


PROGRAMS: dict[str, Program] = dict.fromkeys(("grep", "egrep", "fgrep"), _grep)
