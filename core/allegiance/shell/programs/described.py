"""The handler of the programs that the table describes."""

from __future__ import annotations

from collections.abc import Sequence

from allegiance.shell.call import Call, Handler
from allegiance.shell.options import Options, parse_options
from allegiance.shell.programs._transfer import send
from allegiance.shell.programs.table import ALWAYS, TABLE, Program
from allegiance.shell.state import NOTHING, SOMETHING, Stream, Word, joined


def _described(call: Call) -> Stream:
    row = TABLE[call.name]
    args = call.args[1:] if row.task and call.args and call.args[0].text == row.task else call.args
    options = parse_options(args, row.valued)
    leading = 0 if options.has(*row.instead.split()) else row.leading
    words = options.operands[leading:]
    for word in words:
        _act(call, row, options, word)
    return _printed(call, row, options, words)


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
    files = options.all(*row.inputs.split()) or words or [Word("-")]
    stream = joined([call.content(word) for word in files])
    if row.prints == "content":
        return stream
    stream = Stream(sources=stream.sources)
    if target := options.get(*row.output.split()):
        call.shell.store(target.text, stream)
        return NOTHING
    return stream


HANDLERS: dict[str, Handler] = dict.fromkeys(TABLE, _described)
