"""find."""

from __future__ import annotations

from collections.abc import Sequence

from allegiance.shell.budget import charge
from allegiance.terminal.call import Call, Program
from allegiance.terminal.files import MISSING, FileError, inside
from allegiance.terminal.options import UsageError
from allegiance.terminal.programs._find_parser import Finder, Item, Test
from allegiance.terminal.programs._find_tests import PREDICATES, show


def _find(call: Call) -> int:
    args = [arg for arg in call.args if arg not in ("-L", "-H", "-P")]
    count = next((i for i, a in enumerate(args) if a.startswith("-") or a in ("(", "!")), len(args))
    finder = Finder(call, args[count:], PREDICATES)
    test = finder.either() if finder.tokens else lambda item: True
    if finder.index < len(finder.tokens):
        raise UsageError(f"paths must precede expression: `{finder.tokens[finder.index]}'")
    if not finder.acts:
        inner, printer = test, show(finder, "-print")

        def test(item: Item) -> bool:
            return inner(item) and printer(item)

    for path in args[:count] or ["."]:
        status = call.status(path)
        if status is None:
            finder.code = call.error(f"'{path}': {MISSING}")
            continue
        _visit(finder, test, Item(path, path, 0, status))
    for words, paths in finder.batches:
        if paths:
            call.shell.run([*words, *paths])
    return finder.code


def _visit(finder: Finder, test: Test, item: Item) -> None:
    """Test a file, and what is in it if it is a directory."""
    if finder.over:
        return
    charge(len(item.path), 1)
    finder.pruned = False
    selection = item.depth >= finder.least
    if selection and not finder.depth_first:
        test(item)
    if item.status.directory and item.depth < finder.most and not finder.pruned:
        _children(finder, test, item)
    if selection and finder.depth_first and not finder.over:
        test(item)


def _children(finder: Finder, test: Test, item: Item) -> None:
    call = finder.call
    try:
        names: Sequence[str] = call.files.names(call.place(item.path))
    except FileError:
        return  # removed by the command
    for name in names:
        path = inside(item.path, name)
        status = call.files.status(call.place(path))
        if status is not None:
            _visit(finder, test, Item(path, item.start, item.depth + 1, status))


PROGRAMS: dict[str, Program] = {"find": _find}
