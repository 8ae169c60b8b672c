"""Commands that change or remove files in place."""

from __future__ import annotations

import re

from allegiance.reading import reads_text
from allegiance.shell.call import Call, Handler
from allegiance.shell.options import parse_options
from allegiance.shell.programs._transfer import send
from allegiance.shell.state import NOTHING, SOMETHING, Stream, Word, joined, merged

_SED_WRITES = re.compile(r"(?:^|[;/}\d$\sgpI])w\s+([^\s;}]+)")
_SED = "e expression f file l line-length s separate"


def _sed(call: Call) -> Stream:
    options = parse_options(call.args, _SED)
    apart = options.has("e", "f", "expression", "file")
    words = options.operands[not apart :]
    in_place = any(n.startswith(("i", "in-place", "inplace")) for n, _ in options.pairs)
    if in_place:
        source = Stream(sources=merged(call.sources(w) for w in words))
        for word in words:
            call.shell.rewrite(word.text)
    else:
        source = Stream(sources=joined([call.content(w) for w in words] or [call.stdin]).sources)
    for code in options.all("e", "expression") or options.operands[: not apart]:
        for name in _sed_files(code.text) if call.name != "yq" else []:
            call.shell.store(name, source)
    return NOTHING if in_place else source


def _xmlstarlet(call: Call) -> Stream:
    """Follow ``xmlstarlet``, whose last operands are files; with ``ed -L`` it changes them."""
    words = [w for w in call.args if "/" in w.text and not w.text.startswith(("/", "-"))]
    in_place = {"-L", "--inplace"} & {w.text for w in call.args}
    for word in words if in_place else []:
        call.shell.rewrite(word.text)
    return NOTHING if in_place else Stream(sources=merged(call.sources(w) for w in words))


@reads_text("w ", ";", "{", "/", "a", "\n", limit=None)
def _sed_files(code: str) -> tuple[str, ...]:
    """Return the files that a ``sed`` script writes."""
    return tuple(dict.fromkeys(_SED_WRITES.findall(code)))


def _perl(call: Call) -> Stream:
    """Follow ``perl`` and ``ruby``: they change files with ``-i``, and are opaque without it."""
    options = parse_options(call.args, "e E I M m r")
    if any(name in ("i", "in-place") for name, _ in options.pairs):
        for word in options.operands:
            call.shell.rewrite(word.text)
        return NOTHING
    call.shell.note(call.name, call.args, call.stdin)
    words = options.operands if options.has("e", "E") else options.operands[1:]
    if options.has("n", "p"):
        return Stream(sources=joined([call.content(w) for w in words] or [call.stdin]).sources)
    return Stream(sources=call.stdin.sources)


def _sort(call: Call) -> Stream:
    options = parse_options(call.args, "o output k key t S T compress-program parallel")
    if call.stdin.names is not None and not options.operands:
        return call.stdin
    content = joined([call.content(w) for w in options.operands] or [call.stdin])
    if target := options.get("o", "output"):
        call.shell.store(target.text, Stream(sources=content.sources))
        return NOTHING
    return Stream(sources=content.sources)


def _patch(call: Call) -> Stream:
    options = parse_options(call.args, "p strip i input o output d directory B r")
    for word in options.operands[:1]:
        call.shell.rewrite(word.text)
    if output := options.get("o", "output"):
        call.shell.rewrite(output.text)
    if not options.operands:
        read_patch(call, call.stdin, options.get("i", "input"), options.get("d", "directory"))
    return NOTHING


def read_patch(
    call: Call, stdin: Stream, file: Word | None = None, folder: Word | None = None
) -> None:
    """Add the effects of a patch whose text the command holds; note one that it does not hold."""
    text = stdin.text
    if file is not None:
        text = call.shell.state.files.get(call.shell.path(file.text))
    names = list(patched_files(text)) if text else []
    for name in names:
        call.shell.rewrite(f"{folder.text}/{name}" if folder else name)
    if not names:
        call.shell.note(call.name, call.args, stdin)


@reads_text("+++ b/a\n", "--- a\n", "*** Update File: a\n", "diff --git", "\t", limit=None)
def patched_files(text: str) -> tuple[str, ...]:
    """Return the files that a patch changes, creates, renames or deletes."""
    names: dict[str, None] = {}
    for line in text.splitlines():
        for mark in _PATCH_MARKS:
            if line.startswith(mark):
                name = line.removeprefix(mark).partition("\t")[0].strip().strip('"')
                names[name[2:] if name[:2] in ("a/", "b/") else name] = None
    names.pop("/dev/null", None)
    return tuple(names)


_PATCH_MARKS = (
    "+++ ", "--- ", "rename from ", "rename to ", "*** Update File: ", "*** Add File: ",
    "*** Delete File: ", "*** Move to: ", "Index: ",
)  # fmt: skip

_EX_FILE = re.compile(
    r"(w|wq|w!|x|up|update|sav|saveas|e|e!|edit|r|read|wn)(?:\s+(?:>>\s*)?|(?=!))(\S.*)$"
)
_EX_RANGE = re.compile(r"^[\s:%.$\d,;'<>+-]*")
_BATCH = ("batch", "script", "eval", "execute", "l", "load", "f", "funcall")


def _editor(call: Call) -> Stream:
    """Follow an editor of text files: it may change each file that it is opened with."""
    options = parse_options(call.args, "p" if call.name == "ed" else "c cmd u S i w W T")
    orders = [w.text for w in options.all("c", "cmd")]
    words = []
    for word in options.operands:
        if word.text.startswith("+") and len(word.text) > 1:
            orders.append(word.text[1:])
        elif word.text not in ("-", "NONE"):
            words.append(word)
    if call.name in ("ed", "ex", "vi", "vim", "nvim") and call.stdin.text:
        orders += call.stdin.text.splitlines()
    for word in options.all("S"):
        orders += (call.shell.state.files.get(call.shell.path(word.text)) or "").splitlines()
    if options.has("R", "M") or call.name == "view":
        return Stream()
    for word in words:
        call.shell.rewrite(word.text)
    source = Stream(sources=tuple(call.shell.path(w.text) for w in options.operands if w in words))
    _orders(call, orders, source)
    if not words and not orders:
        call.shell.note(call.name, call.args, call.stdin)
    return NOTHING


def _orders(call: Call, orders: list[str], source: Stream) -> None:
    """Follow orders such as ``w FILE``, ``r FILE`` and ``!command``."""
    opened = list(source.sources)
    for order in (part for line in orders for part in line.split("|")[:20]):
        text = _EX_RANGE.sub("", order[:4_000], count=1).strip()
        head, _, code = text.partition("!")
        if head in ("", "r", "r ", "read ", "w ", "silent ", "sil ") and code:
            stream = call.shell.script(code, Stream(sources=tuple(opened)))
            opened += stream.sources
        elif match := _EX_FILE.match(text):
            name = match[2].strip().lstrip("!").strip()
            if match[1] in ("r", "read"):
                opened += call.sources(Word(name))
            elif match[1] in ("e", "e!", "edit"):
                call.shell.rewrite(name)
                opened.append(call.shell.path(name))
            else:
                call.shell.store(name, Stream(sources=tuple(opened)))
        elif text.startswith(("call ", "lua ", "py", "perl ", "ruby ", "exe", "source ", "so ")):
            call.shell.note(f"{call.name} {text[:40]}", [Word(text)])


def _emacs(call: Call) -> Stream:
    """Follow ``emacs``, whose code in Lisp is not read."""
    options = parse_options(call.args, "eval execute l load f funcall visit insert", single=True)
    if options.has(*_BATCH):
        call.shell.note("emacs with code in Lisp", call.args, call.stdin)
    for word in [*options.operands, *options.all("visit")]:
        call.shell.rewrite(word.text)
    return NOTHING


def _sponge(call: Call) -> Stream:
    words = parse_options(call.args, "").operands
    if words:
        call.shell.store(words[0].text, call.stdin)
        return NOTHING
    return call.stdin


def _two(call: Call) -> Stream:
    """Follow a filter that writes the file named by its second operand."""
    options = parse_options(call.args, "l c s g o w f d skip-fields n")
    words = options.operands or [Word("-")]
    source = call.content(words[0])
    if len(words) > 1:
        send(call, source.sources, call.shell.path(words[1].text), whole=True)
        if not source.sources:
            call.shell.store(words[1].text, SOMETHING)
        return NOTHING
    return Stream(sources=source.sources)


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(("sed", "gsed", "yq"), _sed),
    "xmlstarlet": _xmlstarlet,
    **dict.fromkeys(("perl", "ruby"), _perl),
    **dict.fromkeys(("sort", "pandoc"), _sort),
    "patch": _patch,
    **dict.fromkeys(
        ["vi", "vim", "nvim", "ed", "ex", "nano", "vim.tiny", "vim.basic", "view", "rvim", "red"],
        _editor,
    ),
    **dict.fromkeys(("emacs", "emacsclient", "xemacs"), _emacs),
    "sponge": _sponge,
    **dict.fromkeys(("xxd", "uniq"), _two),
}
