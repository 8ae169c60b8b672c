"""What the shell itself does: cd, echo, printf, set, exit and more."""

from __future__ import annotations

import posixpath

from allegiance.reading import reads_text
from allegiance.shell.budget import charge
from allegiance.shell.words import resolve_escapes
from allegiance.terminal.call import Call, Program
from allegiance.terminal.conditions import test
from allegiance.terminal.files import MISSING, NOT_DIRECTORY
from allegiance.terminal.options import UsageError
from allegiance.terminal.session import Leave

_FLAGS = {"errexit": "e", "nounset": "u", "pipefail": "pipefail", "xtrace": "x"}


def _cd(call: Call) -> int:
    args = [a for a in call.args if a not in ("-L", "-P", "--")]
    shell = call.shell
    old = shell.value("OLDPWD") or shell.cwd
    path = args[0] if args else shell.value("HOME") or "/"
    path = old if path == "-" else path
    status = call.status(path or ".")
    if len(args) > 1:
        shell.complain("bash: cd: too many arguments")
        return 1
    if status is None or not status.directory:
        why = MISSING if call.status(path.rstrip("/")) is None else NOT_DIRECTORY
        shell.complain(f"bash: cd: {path}: {why}")
        return 1
    shell.variables["OLDPWD"] = [shell.cwd]
    shell.cwd = shell.place(path).partition(":")[2]
    if args[:1] == ["-"]:
        call.print(f"{shell.cwd}\n")
    return 0


def _echo(call: Call) -> int:
    args = list(call.args)
    escapes, end = False, "\n"
    while args and len(args[0]) > 1 and args[0][0] == "-" and set(args[0][1:]) <= set("neE"):
        for letter in args.pop(0)[1:]:
            end = "" if letter == "n" else end
            escapes = letter == "e" if letter in "eE" else escapes
    text = " ".join(args)
    if escapes:
        text, stop, _ = text.partition("\\c")
        text, end = resolve_escapes(text), "" if stop else end
    call.print(text + end)
    return 0


def _printf(call: Call) -> int:
    args = call.args[1:] if call.args[:1] == ["--"] else call.args
    if args[:1] == ["-v"]:
        if len(args) > 2:
            call.shell.variables[args[1]] = [_formatted(args[2], args[3:])]
        return 0
    if not args:
        call.shell.complain("printf: usage: printf [-v var] format [arguments]")
        return 2
    call.print(_formatted(args[0], args[1:]))
    return 0


@reads_text("%s", "%", "\\n", "%5d", "%.2f", "%%", "%b", limit=None)
def _formatted(form: str, values: list[str] | None = None) -> str:
    """Return a format of printf, used again until no value is left."""
    left = list(values or ())
    pieces: list[str] = []
    while True:
        count = len(left)
        charge(len(form), 1)
        index = 0
        while (mark := form.find("%", index)) >= 0:
            pieces.append(resolve_escapes(form[index:mark]))
            end = mark + 1
            while end < len(form) and form[end] in "-+ #0123456789.":
                end += 1
            kind = form[end : end + 1]
            pieces.append("%" if kind == "%" else _field(form[mark + 1 : end], kind, left))
            index = end + 1
        pieces.append(resolve_escapes(form[index:]))
        if not left or len(left) == count:
            return "".join(pieces)


def _field(flags: str, kind: str, left: list[str]) -> str:
    """Return one field of a format; its value is taken from the left."""
    value = left.pop(0) if left else ""
    flags = flags if len(flags) < 6 else ""
    width = int("".join(c for c in flags.partition(".")[0] if c.isdigit()) or 0)
    charge(width + len(value))
    if kind in "diu":
        return f"%{flags}d" % _integer(value)
    if kind in "xXo":
        return f"%{flags}{kind}" % _integer(value)
    if kind in "feg" and kind:
        return f"%{flags}{kind}" % _real(value)
    if kind == "c":
        return value[:1]
    if kind == "b":
        value = resolve_escapes(value)
    if kind == "q" and (not value or any(not c.isalnum() and c not in "-_./" for c in value)):
        value = "".join(c if c.isalnum() or c in "-_./" else f"\\{c}" for c in value) or "''"
    return f"%{flags.replace('0', '', flags.startswith('0'))}s" % value


def _integer(value: str) -> int:
    try:
        return (
            int(value[:30].strip() or "0", 0)
            if not value.lstrip("0-").isdigit()
            else int(value[:30])
        )
    except ValueError:
        return 0


def _real(value: str) -> float:
    try:
        return float(value[:40] or 0)
    except ValueError:
        return 0.0


def _set(call: Call) -> int:
    args = list(call.args)
    while args:
        arg = args.pop(0)
        if arg == "--":
            call.shell.arguments = args
            return 0
        if arg[:1] not in "-+" or len(arg) < 2:
            call.shell.arguments = [arg, *args]
            return 0
        names = {_FLAGS.get(args.pop(0), "")} if arg[1:].endswith("o") and args else set()
        names |= set(arg[1:]) - {"o"}
        if arg[0] == "-":
            call.shell.flags |= names
        else:
            call.shell.flags -= names
    return 0


def _shift(call: Call) -> int:
    count = int(call.args[0]) if call.args and call.args[0].isdigit() else 1
    if count > len(call.shell.arguments):
        return 1
    call.shell.arguments = call.shell.arguments[count:]
    return 0


def _leave(call: Call) -> int:
    kind = call.name
    default = 1 if kind in ("break", "continue") else call.shell.status
    text = call.args[0] if call.args else str(default)
    if not text.lstrip("-").isdigit() or len(text) > 9:
        call.shell.complain(f"bash: {kind}: {text}: numeric argument required")
        raise Leave("exit", 2)
    number = int(text)
    raise Leave(kind, max(number, 1) if kind in ("break", "continue") else number % 256)


def _test(call: Call) -> int:
    words = list(call.args)
    if call.name == "[":
        if words[-1:] != ["]"]:
            call.shell.complain("bash: [: missing `]'")
            return 2
        words.pop()
    try:
        return int(not test(call.shell, words))
    except UsageError as error:
        call.shell.complain(f"bash: {call.name}: {error}")
        return 2


def _true(call: Call) -> int:
    return 0


def _false(call: Call) -> int:
    return 1


def _trap(call: Call) -> int:
    args = [a for a in call.args if a != "--"]
    if len(args) > 1 and {"EXIT", "0"} & set(args[1:]):
        call.shell.farewell = "" if args[0] == "-" else args[0]
    return 0


def _umask(call: Call) -> int:
    call.print("0022\n" if not call.args else "")
    return 0


def _dirs(call: Call) -> int:
    home = posixpath.normpath(call.shell.value("HOME") or "/")
    display = "~" if call.shell.cwd == home else call.shell.cwd
    call.print(f"{display}\n")
    return 0


PROGRAMS: dict[str, Program] = {
    "cd": _cd,
    "echo": _echo,
    "printf": _printf,
    "set": _set,
    "shift": _shift,
    **dict.fromkeys(("exit", "return", "break", "continue", "logout"), _leave),
    **dict.fromkeys(("test", "["), _test),
    **dict.fromkeys(("true", ":", "sleep", "wait", "sync", "ulimit", "shopt"), _true),
    "false": _false,
    "trap": _trap,
    "umask": _umask,
    "dirs": _dirs,
}
