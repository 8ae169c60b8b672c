"""Commands that print the content of files, names of files, or something else."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator

from allegiance.reading import reads_text
from allegiance.shell.budget import charge
from allegiance.shell.call import Call, Handler
from allegiance.shell.options import parse_options
from allegiance.shell.state import NOTHING, SOMETHING, Stream, Word, joined, merged
from allegiance.shell.targets import UNKNOWN
from allegiance.shell.words import resolve_escapes

_AWK_WRITES = re.compile(r'>(?=\s*"([^"]+)")')
_AWK_READS = re.compile(r'getline[^<"\n;]{0,80}<\s{0,9}"([^"]+)"')
_AWK_RUNS = re.compile(r'(?:system\(|\|)\s*"([^"]+)"')


def _search(call: Call) -> Stream:
    """Follow a filter whose first operand is a pattern or a program."""
    awk = "i " if "awk" in call.name else ""
    options = parse_options(call.args, f"{awk}e f regexp file A B C m include exclude v F t g")
    words = options.operands[not options.has("e", "f", "regexp", "file") :]
    deep = options.has("r", "R", "recursive", "dereference-recursive") or call.name in ("rg", "ag")
    if options.has("l", "L", "files-with-matches", "files-without-match"):
        roots = [_tree(w.text) if deep else w.text for w in words] or [UNKNOWN]
        return Stream(names=tuple(roots))
    if (extension := options.get("i")) is not None and extension.text == "inplace":
        for word in words:
            call.shell.emit("write", call.shell.path(word.text))
        return NOTHING
    if options.has("c", "q", "count", "quiet", "silent"):
        return SOMETHING
    if awk and words != options.operands:
        _awk(call, options.operands[0].text, words)
    elif awk and (file := options.get("f", "file")) is not None:
        text = call.content(file).text
        if text is None:
            call.shell.note(f"{call.name} -f {file.text}", call.args)
        _awk(call, text or "", words)
    if deep:
        return Stream(sources=tuple(call.shell.tree(w.text) for w in words))
    return Stream(sources=joined([call.content(w) for w in words] or [call.stdin]).sources)


def _awk(call: Call, program: str, words: list[Word]) -> None:
    """Add the effects of an ``awk`` program: the files it writes and the commands it runs."""
    read = [(call.shell.path(name),) for name in _AWK_READS.findall(program)]
    sources = merged([call.stdin.sources, *(call.sources(w) for w in words), *read])
    for name in _awk_files(program):
        call.shell.store(name, Stream(sources=sources))
    for code in _awk_commands(program):
        call.shell.script(code, Stream(sources=sources))


@reads_text("system(", '"', "|", "\\", "a", limit=None)
def _awk_commands(program: str) -> list[str]:
    """Return the commands that an ``awk`` program runs."""
    return _AWK_RUNS.findall(program)


@reads_text("print", ">", '"', ";", "|", "system(", limit=None)
def _awk_files(program: str) -> Iterator[str]:
    """Yield the files that an ``awk`` program prints to: the last ``> "name"`` of a statement."""
    redirections = list(_AWK_WRITES.finditer(program))
    starts = [match.start() for match in redirections]
    ends = [index for index, char in enumerate(program) if char in ";}"]
    position = 0
    while (position := program.find("print", position)) >= 0:
        position += len("print")
        end = bisect_left(ends, position)
        stop = ends[end] if end < len(ends) else len(program)
        last = bisect_left(starts, stop) - 1
        if last >= 0 and starts[last] >= position:
            yield redirections[last][1]
            position = redirections[last].end(1) + 1


def _tree(name: str) -> str:
    return UNKNOWN if name in (".", "./") else name.rstrip("/") + "/"


def _ls(call: Call) -> Stream:
    options = parse_options(call.args, "I ignore w T L color sort time")
    if options.has("l"):
        return SOMETHING
    words = options.operands or [Word(".")]
    names = [w.text if any(c in w.text for c in "*?[") or options.has("d") else "*" for w in words]
    return Stream(names=tuple(names))


def _echo(call: Call) -> Stream:
    args = list(call.args)
    escapes, end = False, "\n"
    while args and args[0].text in ("-n", "-e", "-E", "-ne", "-en"):
        flag = args.pop(0).text
        escapes, end = escapes or "e" in flag, "" if "n" in flag else end
    text = " ".join(a.text for a in args) + end
    known = all(a.known for a in args)
    sources = merged(a.sources for a in args)
    if not known:
        return Stream(sources=sources, names=tuple(a.text for a in args) if not sources else None)
    return Stream(text=resolve_escapes(text) if escapes else text, sources=sources)


def _printf(call: Call) -> Stream:
    if call.args[:1] and call.args[0].text == "-v" and len(call.args) > 2:
        inner = _printf(Call(call.shell, call.full, call.args[2:], call.stdin))
        value = Word(UNKNOWN, known=False, sources=inner.sources)
        if inner.text is not None:
            value = Word(inner.text, sources=inner.sources)
        call.shell.state.variables[call.args[1].text] = (value,)
        return NOTHING
    args = parse_options(call.args, "", first=True).operands
    if not args:
        return NOTHING
    sources = merged(a.sources for a in args)
    if not all(a.known for a in args):
        return Stream(sources=sources)
    form, values = resolve_escapes(args[0].text), deque(a.text for a in args[1:])
    pieces: list[str] = []
    while True:
        before = len(values)
        pieces += _formatted(form, values)
        if not values or len(values) == before:
            return Stream(text="".join(pieces), sources=sources)


def _formatted(form: str, values: deque[str]) -> list[str]:
    """Return the pieces of a format with values in it; the values are taken from the left."""
    charge(len(form))
    pieces: list[str] = []
    index = 0
    while (mark := form.find("%", index)) >= 0:
        end = mark + 1
        while end < len(form) and form[end] in "-+ #0123456789.*":
            end += 1
        kind = form[end : end + 1]
        value = values.popleft() if values and kind != "%" else ""
        text = "%" if kind == "%" else resolve_escapes(value) if kind == "b" else value
        pieces += [form[index:mark], text]
        index = end + 1
    return [*pieces, form[index:]]


def _seq(call: Call) -> Stream:
    numbers = [w.text for w in call.args if w.text.lstrip("-").isdigit()]
    first, last = (numbers[0], numbers[-1]) if len(numbers) > 1 else ("1", (numbers or ["0"])[0])
    if int(last) - int(first) > 100:
        return SOMETHING
    return Stream(text="\n".join(str(n) for n in range(int(first), int(last) + 1)))


def _temporary(call: Call) -> Stream:
    directory = parse_options(call.args, "p tmpdir suffix").get("p", "tmpdir")
    return Stream(names=(f"{directory.text if directory else '/tmp'}/tmp.*",))


def _pwd(call: Call) -> Stream:
    return Stream(text=f"{call.shell.state.cwd or '.'}\n")


def _base(call: Call) -> Stream:
    words = parse_options(call.args, "s suffix").operands
    if not words or not words[0].known:
        return Stream(names=("*",))
    path = words[0].text.rstrip("/")
    head, _, tail = path.rpartition("/")
    if call.name == "dirname":
        return Stream(text=f"{head or '.'}\n")
    return Stream(text=tail.removesuffix(words[1].text if len(words) > 1 else "") + "\n")


_SEARCHES = "grep egrep fgrep zgrep rg ag ack jq awk gawk mawk nawk xmllint"
HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(
        _SEARCHES.split(),
        _search,
    ),
    **dict.fromkeys(("ls", "dir", "vdir", "exa", "eza"), _ls),
    "echo": _echo,
    "printf": _printf,
    "seq": _seq,
    "mktemp": _temporary,
    "pwd": _pwd,
    **dict.fromkeys(("basename", "dirname"), _base),
}
