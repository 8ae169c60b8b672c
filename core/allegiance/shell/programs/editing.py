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


@reads_text("w ", ";", "{", "/", "a", "\n", limit=None)
def _sed_files(code: str) -> tuple[str, ...]:
    """Return the files that a ``sed`` script writes."""
    return tuple(dict.fromkeys(_SED_WRITES.findall(code)))


def _perl(call: Call) -> Stream:
    """Follow ``perl`` and ``ruby``: they change files with ``-i``, and are opaque without it."""
    options = parse_options(call.args, "e E I M m")
    if any(name in ("i", "in-place") for name, _ in options.pairs):
        for word in options.operands:
            call.shell.rewrite(word.text)
        return NOTHING
    call.shell.opaque[call.name] = None
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
    if not options.operands:
        call.shell.opaque["patch"] = None
    return NOTHING


def _editor(call: Call) -> Stream:
    """Follow an editor of text files, whose changes are not known."""
    options = parse_options(call.args, "p" if call.name == "ed" else "c cmd u S s")
    if options.operands and (options.pairs or call.stdin != NOTHING or call.name in ("ed", "ex")):
        for word in options.operands:
            call.shell.rewrite(word.text)
    elif call.name not in ("less", "more"):
        call.shell.opaque[call.name] = None
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
    **dict.fromkeys(("perl", "ruby"), _perl),
    **dict.fromkeys(("sort", "pandoc"), _sort),
    "patch": _patch,
    **dict.fromkeys(("vi", "vim", "nvim", "ed", "ex", "nano", "emacs"), _editor),
    "sponge": _sponge,
    **dict.fromkeys(("xxd", "uniq"), _two),
}
