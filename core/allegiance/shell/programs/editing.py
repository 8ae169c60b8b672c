"""Commands that change or remove files in place."""

from __future__ import annotations

import re

from allegiance.shell.machine import Call, Handler
from allegiance.shell.options import parse_options
from allegiance.shell.programs._transfer import send
from allegiance.shell.state import NOTHING, SOMETHING, Stream, Word, joined, merged

_SED_WRITES = re.compile(r"(?:^|[;/}\d$\sgpI])w\s+([^\s;}]+)")
_SED = "e expression f file l line-length s separate"


def _remove(call: Call) -> Stream:
    given = parse_options(call.args, "")
    deep = call.name in ("trash", "rmdir") or given.has("r", "R", "recursive", "d", "dir")
    for word in given.operands:
        call.shell.emit(
            "delete", call.shell.tree(word.text) if deep else call.shell.path(word.text)
        )
    return NOTHING


def _overwrite(call: Call) -> Stream:
    given = parse_options(call.args, "s size n iterations r reference random-source")
    for word in given.operands:
        name = call.shell.path(word.text)
        call.shell.emit("write", name, value="" if call.name == "truncate" else None)
        if call.name == "shred" and given.has("u", "remove"):
            call.shell.emit("delete", name)
    return NOTHING


def _change(call: Call) -> Stream:
    """Follow ``chmod``, ``chown`` and the like: who may read a file is part of what it does."""
    given = parse_options(call.args, "reference from m modify x remove M set-file")
    fixed = given.has("reference", "m", "modify", "x", "remove", "M", "b", "remove-all")
    words = given.operands if fixed else given.operands[1:]
    for word in words:
        deep = given.has("R", "recursive")
        call.shell.emit("write", call.shell.tree(word.text) if deep else call.shell.path(word.text))
    return NOTHING


def _touch(call: Call) -> Stream:
    for word in parse_options(call.args, "d date t r reference").operands:
        call.shell.emit("write", call.shell.path(word.text), value="", before="")
    return NOTHING


def _sed(call: Call) -> Stream:
    given = parse_options(call.args, _SED)
    apart = given.has("e", "f", "expression", "file")
    words = given.operands[not apart :]
    in_place = any(n.startswith(("i", "in-place", "inplace")) for n, _ in given.given)
    if in_place:
        source = Stream(sources=merged(call.sources(w) for w in words))
        for word in words:
            call.shell.emit("write", call.shell.path(word.text))
    else:
        source = Stream(sources=joined([call.content(w) for w in words] or [call.stdin]).sources)
    for code in given.all("e", "expression") or given.operands[: not apart]:
        for name in _SED_WRITES.findall(code.text) if call.name != "yq" else []:
            call.shell.store(name, source)
    return NOTHING if in_place else source


def _perl(call: Call) -> Stream:
    """Follow ``perl`` and ``ruby``: with ``-i`` they change files, otherwise they are opaque."""
    given = parse_options(call.args, "e E I M m")
    if any(name in ("i", "in-place") for name, _ in given.given):
        for word in given.operands:
            call.shell.emit("write", call.shell.path(word.text))
        return NOTHING
    call.shell.opaque[call.name] = None
    words = given.operands if given.has("e", "E") else given.operands[1:]
    if given.has("n", "p"):
        return Stream(sources=joined([call.content(w) for w in words] or [call.stdin]).sources)
    return Stream(sources=call.stdin.sources)


def _tee(call: Call) -> Stream:
    given = parse_options(call.args, "")
    for word in given.operands:
        call.shell.store(word.text, call.stdin, append=given.has("a", "append"))
    return call.stdin


def _sort(call: Call) -> Stream:
    given = parse_options(call.args, "o output k key t S T compress-program parallel")
    if call.stdin.names is not None and not given.operands:
        return call.stdin
    found = joined([call.content(w) for w in given.operands] or [call.stdin])
    if target := given.get("o", "output"):
        call.shell.store(target.text, Stream(sources=found.sources))
        return NOTHING
    return Stream(sources=found.sources)


def _patch(call: Call) -> Stream:
    given = parse_options(call.args, "p strip i input o output d directory B r")
    for word in given.operands[:1]:
        call.shell.emit("write", call.shell.path(word.text))
    if not given.operands:
        call.shell.opaque["patch"] = None
    return NOTHING


def _editor(call: Call) -> Stream:
    """Follow an editor that is given a file: what it does to it is not known."""
    given = parse_options(call.args, "p" if call.name == "ed" else "c cmd u S s")
    if given.operands and (given.given or call.stdin != NOTHING or call.name in ("ed", "ex")):
        for word in given.operands:
            call.shell.emit("write", call.shell.path(word.text))
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
    """Follow a filter whose second operand, if there is one, is the file that it writes."""
    given = parse_options(call.args, "l c s g o w f d skip-fields n")
    words = given.operands or [Word("-")]
    source = call.content(words[0])
    if len(words) > 1:
        send(call, source.sources, call.shell.path(words[1].text), whole=True)
        if not source.sources:
            call.shell.store(words[1].text, SOMETHING)
        return NOTHING
    return Stream(sources=source.sources)


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(("rm", "unlink", "rmdir", "trash", "trash-put", "gio-trash", "srm"), _remove),
    **dict.fromkeys(("shred", "truncate", "wipe"), _overwrite),
    **dict.fromkeys(("chmod", "chown", "chgrp", "chattr", "setfacl", "chcon"), _change),
    "touch": _touch,
    **dict.fromkeys(("sed", "gsed", "yq"), _sed),
    **dict.fromkeys(("perl", "ruby"), _perl),
    "tee": _tee,
    **dict.fromkeys(("sort", "pandoc"), _sort),
    "patch": _patch,
    **dict.fromkeys(("vi", "vim", "nvim", "ed", "ex", "nano", "emacs"), _editor),
    "sponge": _sponge,
    **dict.fromkeys(("xxd", "uniq"), _two),
}
