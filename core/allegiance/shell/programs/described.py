"""The handler of the programs that the table describes."""

from __future__ import annotations

from collections.abc import Sequence

from allegiance.shell.call import Call, Handler
from allegiance.shell.options import Options, parse_options
from allegiance.shell.programs._transfer import named, send
from allegiance.shell.programs.services import ended, managed, named_task
from allegiance.shell.programs.table import ALWAYS, TABLE, Program
from allegiance.shell.state import NOTHING, SOMETHING, Stream, Word, joined, merged


def _described(call: Call) -> Stream:
    row = TABLE[call.name]
    args = call.args[1:] if row.task and call.args and call.args[0].text == row.task else call.args
    options = parse_options(args, row.valued)
    leading = 0 if options.has(*row.instead.split()) else row.leading
    words = options.operands[leading:][: row.most or None]
    if row.tasks and not set(row.tasks.split()) & {w.text for w in call.args}:
        return SOMETHING
    if row.does in _WHOLE:
        return _WHOLE[row.does](call, row, options)
    for word in [*words, *(options.all(*row.inputs.split()) if row.does != "nothing" else [])]:
        _act(call, row, options, word)
    if row.sends_input:
        _send_input(call, row)
    return _printed(call, row, options, words)


def _send_input(call: Call, row: Program) -> None:
    place = row.place.format(name=call.name)
    sources = merged([call.stdin.sources, *(w.sources for w in call.args)])
    send(call, sources, place, whole=True)
    if not sources and call.stdin.text:
        call.shell.emit("message", place, value=call.stdin.text)


def _tell(call: Call, row: Program, options: Options) -> Stream:
    """Send what the arguments hold; a word that the command line spells out tells nothing."""
    send(call, merged(w.sources for w in call.args), row.place.format(name=call.name), whole=True)
    send(call, call.stdin.sources, row.place.format(name=call.name), whole=True)
    return SOMETHING


def _copy(call: Call, row: Program, options: Options) -> Stream:
    words = list(options.operands)
    target = words.pop() if words else None
    words += options.all(*row.inputs.split())
    if target is not None and words:
        sources = [s for w in words for s in call.sources(w, deep=True)]
        send(call, sources, named(call, target), whole=True)
        if not sources:
            call.shell.emit("write", named(call, target))
    elif target is not None:
        call.shell.rewrite(target.text)
    return NOTHING


def _pack(call: Call, row: Program, options: Options) -> Stream:
    words = list(options.operands)
    if words and call.name in ("ar", "jar", "lha", "arj", "zpaq", "zoo", "arc", "7zr"):
        words = words[1:]  # the first says what to do
    flagged = options.get("f", "file")
    target = flagged or (words.pop(0) if words else None)
    if call.name == "mksquashfs" and target is not None and words:
        words, target = [target, *words[:-1]], words[-1]  # here the archive comes last
    if target is not None:
        sources = [s for w in words for s in call.sources(w, deep=True)]
        send(call, [*sources, *call.stdin.sources], named(call, target), whole=True)
    return NOTHING


def _run(call: Call, row: Program, options: Options) -> Stream:
    streams = [call.shell.script(c.text, call.stdin) for c in options.all(*row.code.split())]
    options = parse_options(call.args, row.valued, first=True)
    words = [w for w in options.operands if w.text != "--"]
    while words and words[0].text not in call.shell.handlers and len(words) > 1:
        words = words[1:]  # a lock, a user, a machine: what comes before the command
    if words and words[0].text in call.shell.handlers:
        streams.append(call.shell.run(words, call.stdin))
    elif not streams or words:
        call.shell.note(" ".join([call.name, *(w.text for w in words)])[:60], call.args, call.stdin)
    return joined(streams)


_WHOLE = {"tell": _tell, "copy": _copy, "pack": _pack, "run": _run}


def _act(call: Call, row: Program, options: Options, word: Word) -> None:
    """Add the effects on one operand."""
    deep = row.deep == ALWAYS or options.has(*row.deep.split())
    if row.does == "store":
        call.shell.store(word.text, call.stdin, append=options.has(*row.appends.split()))
    elif row.does == "send":
        sources = call.sources(word, deep=True) if deep else call.content(word).sources
        send(call, sources, row.place.format(name=call.name), whole=True)
    elif row.does != "nothing":
        target = call.shell.tree(word.text) if deep else call.shell.path(word.text)
        if row.does == "write":
            call.shell.emit("write", target, value=row.value, before=row.before)
        if row.does == "delete" or options.has(*row.removes.split()):
            call.shell.emit("delete", target)


def _printed(call: Call, row: Program, options: Options, words: Sequence[Word]) -> Stream:
    """Return what a program prints, or add the effect on the file that it prints to."""
    if row.prints in ("content", "sources", "lines"):
        return _content(call, row, options, words)
    if row.output and (target := options.get(*row.output.split())):
        files = [*words, *options.all(*row.inputs.split())]
        sources = merged(call.sources(w) for w in files)
        call.shell.store(target.text, Stream(sources=sources))
        return NOTHING
    names = tuple(word.text for word in words)
    return {
        "something": SOMETHING,
        "input": Stream(sources=call.stdin.sources),
        "stdin": call.stdin,
        "name": Stream(names=("*",)),
        "names": Stream(names=names or (row.fallback,)),
        "text": Stream(text=" ".join(names)),
    }.get(row.prints, NOTHING)


def _content(call: Call, row: Program, options: Options, words: Sequence[Word]) -> Stream:
    if row.prints == "lines" and call.stdin.names is not None:
        return call.stdin
    files = [*options.all(*row.inputs.split()), *words] or [Word("-")]
    stream = joined([call.content(word) for word in files])
    if row.prints == "content":
        return stream
    stream = Stream(sources=stream.sources)
    if target := options.get(*row.output.split()):
        call.shell.store(target.text, stream)
        return NOTHING
    return stream


_MANAGERS = {"manage": managed, "end": ended, "task": named_task}
HANDLERS: dict[str, Handler] = {
    name: _MANAGERS.get(row.does, _described) for name, row in TABLE.items()
}
