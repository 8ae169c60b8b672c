"""Programs that run others: bash, eval, source, command, xargs, which, type, seq."""

from __future__ import annotations

from allegiance.shell.budget import charge
from allegiance.shell.state import Stream
from allegiance.terminal.call import Call, Program
from allegiance.terminal.files import FileError
from allegiance.terminal.options import UsageError, parse_options

_MOST_NUMBERS = 100_000
_MOST_LINES = 1_000


def _bash(call: Call) -> int:
    options = call.options("c l i e u x s", first=True)
    shell, words = call.shell, options.operands
    if options.has("c"):
        if not words:
            shell.complain("bash: -c: option requires an argument")
            return 2
        source, arguments = words[0], words[2:]
    elif words:
        try:
            source, arguments = call.read(words[0]).text, words[1:]
        except FileError as error:
            shell.complain(f"bash: {words[0]}: {error}")
            return 127
    else:
        source, arguments = shell.stdin.take().text, []
    with shell.apart():
        shell.arguments = list(arguments)
        shell.variables["0"] = words[1:2] if options.has("c") and words[1:] else ["bash"]
        shell.flags = {name for name, _ in options.pairs if name in "eu"}
        return shell.alone(source)


def _eval(call: Call) -> int:
    return call.shell.script(" ".join(call.args)) if call.args else 0


def _source(call: Call) -> int:
    if not call.args:
        call.shell.complain("bash: source: filename argument required")
        return 2
    try:
        return call.shell.script(call.read(call.args[0]).text)
    except FileError as error:
        call.shell.complain(f"bash: {call.args[0]}: {error}")
        return 1


def _run(call: Call) -> int:
    """Run the command behind ``command``, ``nice``, ``nohup`` and the like."""
    args = list(call.args)
    if call.name == "command" and args[:1] in (["-v"], ["-V"]):
        return _located(call, args[1:], style="which")
    if call.name == "timeout":
        while args[:1] and args[0].startswith("-"):
            args.pop(0)
        args = args[1:]
    elif call.name in ("nice", "stdbuf", "ionice"):
        while args[:1] and (args[0].startswith("-") or args[0].lstrip("-").isdigit()):
            args.pop(0)
    elif args[:1] == ["--"] or args[:1] == ["-p"]:
        args.pop(0)
    return call.shell.run(args)


_BUILTINS = (
    *("cd", "echo", "printf", "read", "set", "shift", "exit", "return", "break", "continue"),
    *("test", "[", "true", "false", ":", "export", "eval", "source", ".", "command", "type"),
    *("pwd", "kill", "unset", "wait"),
)


def _located(call: Call, names: list[str], *, style: str) -> int:
    programs = call.shell.known()
    code = 0
    for name in names:
        builtin = name in _BUILTINS
        if name in call.shell.functions and style == "type":
            call.print(f"{name} is a function\n")
        elif builtin and style == "type":
            call.print(f"{name} is a shell builtin\n")
        elif builtin and call.name == "command":
            call.print(f"{name}\n")
        elif name in programs and (
            not builtin or name in ("echo", "printf", "test", "kill", "pwd")
        ):
            call.print(f"{name} is /usr/bin/{name}\n" if style == "type" else f"/usr/bin/{name}\n")
        else:
            code = 1
            if style == "type":
                call.shell.complain(f"bash: type: {name}: not found")
    return code


def _kind(call: Call, name: str) -> str:
    if name in call.shell.functions:
        return "function"
    return "builtin" if name in _BUILTINS else "file" if name in call.shell.known() else ""


def _which(call: Call) -> int:
    return _located(call, call.options("a s").operands, style="which")


def _type(call: Call) -> int:
    if call.args[:1] == ["-t"]:
        kinds = [_kind(call, name) for name in call.args[1:]]
        call.print("".join(f"{kind}\n" for kind in kinds if kind))
        return 0 if all(kinds) else 1
    return _located(call, call.options("a t p f P").operands, style="type")


def _xargs(call: Call) -> int:
    options = call.options(
        "n,max-args= I,replace= 0,null r,no-run-if-empty d,delimiter= L,max-lines= P,max-procs= "
        "t,verbose a,arg-file= x s= p",
        first=True,
    )
    text = call.read(options.get("a")).text if options.has("a") else call.shell.stdin.take().text
    if options.has("0", "d"):
        mark = "\0" if options.has("0") else options.get("d").replace("\\n", "\n")[:1]
        items = [item for item in text.split(mark or "\n") if item]
    elif options.has("I", "L"):
        items = [line.strip() for line in text.split("\n") if line.strip()]
    else:
        items = Stream(text=text).words()
    command = options.operands or ["echo"]
    if options.has("I"):
        mark = options.get("I")
        charge(len(items) * sum(len(word) for word in command))
        groups = [[word.replace(mark, item) for word in command] for item in items]
    else:
        size = options.number("n", len(items) or 1, "invalid number")
        if size < 1:
            raise UsageError("value for -n option should be >= 1")
        if not items and options.has("r"):
            return 0
        pieces = [items[i : i + size] for i in range(0, len(items), size)] or [[]]
        groups = [[*command, *piece] for piece in pieces]
    code = 0
    for words in groups:
        status = call.shell.run(words)
        if status in (126, 127):
            return status
        code = 123 if status else code
    return code


def _seq(call: Call) -> int:
    words = [w for w in call.args if not w.lstrip("-").isdigit()]
    options = parse_options(words, "s,separator= w,equal-width f,format=")
    separator = options.get("s", "\n")
    numbers = []
    for text in [w for w in call.args if w.lstrip("-").isdigit()] + options.operands:
        if not text.lstrip("-").isdigit() or len(text) > 9:
            raise UsageError(f"invalid floating point argument: '{text}'")
        numbers.append(int(text))
    if not 1 <= len(numbers) <= 3:
        raise UsageError("missing operand" if not numbers else f"extra operand '{numbers[3]}'")
    first = numbers[0] if len(numbers) > 1 else 1
    step = numbers[1] if len(numbers) == 3 else 1
    last = numbers[-1]
    if step == 0:
        raise UsageError("invalid Zero increment value: '0'")
    if abs(last - first) // abs(step) > _MOST_NUMBERS:
        raise UsageError("too many numbers")
    row = range(first, last + (1 if step > 0 else -1), step)
    charge(0, len(row) // 2)
    width = max(len(str(n)) for n in row) if options.has("w") and row else 0
    if row:
        call.print(separator.join(f"{n:0{width}}" for n in row) + "\n")
    return 0


def _yes(call: Call) -> int:
    """Print a line again and again: as often as the budget of a command lets it do anything."""
    call.print(f"{' '.join(call.args) or 'y'}\n" * _MOST_LINES)
    return 0


def _time(call: Call) -> int:
    return call.shell.run(call.args)


PROGRAMS: dict[str, Program] = {
    **dict.fromkeys(("bash", "sh"), _bash),
    "eval": _eval,
    **dict.fromkeys(("source", "."), _source),
    **dict.fromkeys(
        ("command", "builtin", "exec", "nohup", "nice", "timeout", "stdbuf", "ionice"), _run
    ),
    "which": _which,
    "type": _type,
    "xargs": _xargs,
    "seq": _seq,
    "time": _time,
    "yes": _yes,
}
