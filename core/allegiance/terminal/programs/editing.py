"""sed."""

from __future__ import annotations

from allegiance.reading import TooLong
from allegiance.terminal.call import Call, Program
from allegiance.terminal.files import FileError
from allegiance.terminal.options import UsageError
from allegiance.terminal.programs._sed_run import Line, Run
from allegiance.terminal.programs._sed_script import parse_script
from allegiance.terminal.programs._text import lines_of


def _sed(call: Call) -> int:
    options = call.options(
        "n,quiet,silent e,expression= f,file= E,r,regexp-extended i,in-place=? s,separate "
        "u,unbuffered z l= posix debug b"
    )
    paths = list(options.operands)
    scripts = [*options.all("e"), *(call.read(path).text for path in options.all("f"))]
    if not scripts:
        if not paths:
            raise UsageError("no script specified")
        scripts = [paths.pop(0)]
    extended = options.has("E")
    try:
        commands = parse_script("\n".join(scripts), extended=extended)
    except TooLong as error:
        raise UsageError(str(error)) from None
    if scripts[0].startswith("#n\n"):
        options.pairs.append(("n", ""))
    contents: list[tuple[str, str]] = []
    code = 0
    for path in paths or ["-"]:
        try:
            contents.append((path, call.read(path).text))
        except FileError as error:
            message = f"can't read {path}: {error}"
            if str(error) == "Is a directory":
                message = f"couldn't edit {path}: not a regular file"
                message = message if options.has("i") else f"read error on {path}: {error}"
            code = 2 if message.startswith("can't") else 4
            call.error(message)
    groups = [[c] for c in contents] if options.has("i", "s") else [contents]
    for group in groups:
        run = Run(commands, options.has("n"), _lines(group))
        if run.lines:
            run.run()
        text = "".join(run.out)
        if options.has("i"):
            code = max(code, _stored(call, group[0], text, run, options.get("i")))
        else:
            call.print(text)
        if run.code:
            return run.code
    return code


def _stored(call: Call, content: tuple[str, str], text: str, run: Run, suffix: str) -> int:
    """Write an edited file; return the exit code."""
    path = content[0]
    place = call.place(path)
    if run.code is not None:  # what was not read is kept
        rest = run.lines[run.place :]
        text += "".join(line.text + "\n" * line.ended for line in rest)
    try:
        if suffix:
            call.files.copy(place, call.place(path + suffix))
        call.files.write(place, text)
    except FileError as error:
        return call.error(f"couldn't open file {path}: {error}", 4)
    for command in run.commands:
        command.active = False
    return 0


def _lines(contents: list[tuple[str, str]]) -> list[Line]:
    lines: list[Line] = []
    for _, text in contents:
        lines += [
            Line(line.removesuffix("\n"), line.endswith("\n"), False) for line in lines_of(text)
        ]
    for index, item in enumerate(lines):
        item.last = index + 1 == len(lines)
        item.ended = item.ended or not item.last
    return lines


PROGRAMS: dict[str, Program] = {"sed": _sed}
