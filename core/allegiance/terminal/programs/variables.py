"""What sets and shows variables: read, mapfile, let, export, env, printenv."""

from __future__ import annotations

from allegiance.terminal.call import Call, Program
from allegiance.terminal.programs._text import lines_of


def _read(call: Call) -> int:
    options = call.options("r s p= a= d= n= t= u= e")
    line = call.shell.stdin.line()
    names = options.operands or ["REPLY"]
    text = (line or "").removesuffix("\n")
    if not options.has("r"):
        text = text.replace("\\", "")
    separators = call.shell.value("IFS")
    blanks = " \t" if separators is None else separators
    if options.has("a"):
        call.shell.variables[options.get("a")] = text.split()
    elif len(names) == 1:
        stripped = text.strip(" \t") if separators is None else text
        call.shell.variables[names[0]] = [stripped]
    else:
        for name, value in zip(names, _parted(text, blanks, len(names)), strict=True):
            call.shell.variables[name] = [value]
    return 0 if line is not None and line.endswith("\n") else 1


def _parted(text: str, separators: str, count: int) -> list[str]:
    """Split a line into words; the last of them gets the rest."""
    plain = separators.strip(" \t\n")
    values: list[str] = []
    rest = text.strip(" \t")
    while len(values) < count - 1:
        cut = next((i for i, c in enumerate(rest) if c in separators), len(rest))
        values.append(rest[:cut])
        rest = rest[cut + 1 :] if plain else rest[cut:].lstrip(" \t")
    return [*values, rest]


def _mapfile(call: Call) -> int:
    options = call.options("t d= n= O= s= u=")
    lines = lines_of(call.shell.stdin.take().text)
    if options.has("t"):
        lines = [line.removesuffix("\n") for line in lines]
    call.shell.variables[(options.operands or ["MAPFILE"])[0]] = lines
    return 0


def _let(call: Call) -> int:
    status = 1
    for arg in call.args:
        status = call.shell.script(f"(({arg}))")
    return status


def _export(call: Call) -> int:
    for arg in call.args:
        name, equals, value = arg.partition("=")
        if equals:
            call.shell.variables[name] = [value]
        call.shell.exported.add(name)
    return 0


def _env(call: Call) -> int:
    shell = call.shell
    args = list(call.args)
    if call.name == "env":
        while args and "=" in args[0]:
            name, _, setting = args.pop(0).partition("=")
            shell.variables[name] = [setting]
            shell.exported.add(name)
        if args:
            return shell.run(args)
    for name in args or sorted(shell.exported):
        value = shell.value(name)
        if value is not None:
            call.print(f"{value}\n" if args else f"{name}={value}\n")
    return 0 if all(shell.value(name) is not None for name in args) else 1


PROGRAMS: dict[str, Program] = {
    "read": _read,
    **dict.fromkeys(("mapfile", "readarray"), _mapfile),
    "let": _let,
    "export": _export,
    **dict.fromkeys(("env", "printenv"), _env),
}
