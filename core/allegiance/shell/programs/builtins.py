"""Builtins of the shell: directories, variables, and code that is passed as a string."""

from __future__ import annotations

from allegiance.shell.call import Call, Handler
from allegiance.shell.options import parse_options
from allegiance.shell.state import NOTHING, Stream, Word, joined, merged
from allegiance.shell.targets import UNKNOWN

_ANY = (Word(UNKNOWN, known=False),)


def _cd(call: Call) -> Stream:
    state = call.shell.state
    words = parse_options(call.args, "").operands
    text = words[0].text if words else "~"
    if call.name == "popd":
        text = "-"
    old = state.variables.get("OLDPWD", (Word(state.start or "."),))
    before = state.cwd
    state.cwd = old[0].text if text == "-" else call.shell.local(text)
    state.variables["OLDPWD"] = (Word(before or "."),)
    return NOTHING


def _read(call: Call) -> Stream:
    options = parse_options(call.args, "d n N p t u a i")
    names, number = options.operands, options.get("u")
    if number is not None:
        call.stdin = call.shell.receive(call.stdin, number.text)
    lines = call.stdin.lines()
    line = lines[0] if lines else ""
    known = lines is not None and call.stdin.names is None
    parts = line.split(None, max(len(names) - 1, 0)) if known else []
    for index, name in enumerate(names):
        if call.stdin.names is not None:
            value: tuple[Word, ...] = tuple(Word(n) for n in call.stdin.names[:1])
        elif known:
            value = (Word(parts[index] if index < len(parts) else ""),)
        else:
            value = (Word(UNKNOWN, known=False, sources=call.stdin.sources),)
        call.shell.state.variables[name.text] = value or _ANY
    return NOTHING


def _mapfile(call: Call) -> Stream:
    options = parse_options(call.args, "d n O s u C c")
    names, number = options.operands, options.get("u")
    if number is not None:
        call.stdin = call.shell.receive(call.stdin, number.text)
    lines = call.stdin.lines()
    unknown = Word(UNKNOWN, known=False, sources=call.stdin.sources)
    value = tuple(Word(line) for line in lines) if lines is not None else (unknown,)
    call.shell.state.variables[names[0].text if names else "MAPFILE"] = value
    return NOTHING


def _set(call: Call) -> Stream:
    if any(w.text == "--" for w in call.args):
        end = next(n for n, w in enumerate(call.args) if w.text == "--")
        call.shell.state.arguments = tuple(call.args[end + 1 :])
    return NOTHING


def _shift(call: Call) -> Stream:
    arguments = call.shell.state.arguments
    if arguments is not None:
        count = int(call.args[0].text) if call.args and call.args[0].text.isdigit() else 1
        call.shell.state.arguments = arguments[count:]
    return NOTHING


def _eval(call: Call) -> Stream:
    source = " ".join(w.text for w in call.args)
    if not all(w.known for w in call.args):
        call.shell.opaque["eval"] = None
    return call.shell.script(source, call.stdin)


def _code(call: Call, source: str | None, arguments: list[Word], stdin: Stream) -> Stream:
    if source is None:
        call.shell.opaque[f"{call.name} with code that is not in the command"] = None
        return Stream(sources=stdin.sources)
    state = call.shell.state.fork()
    state.arguments = tuple(arguments)
    state.traps = ()
    with call.shell.within(state):
        return joined([call.shell.script(source, stdin), call.shell.leave()])


def _shell(call: Call) -> Stream:
    options = parse_options(call.args, "O o c rcfile init-file", first=True)
    words = list(options.operands)
    code = next((v for v in options.all("c")), None)
    if code is not None:
        text = code.text if code.known or not code.text.startswith(UNKNOWN) else None
        return _code(call, text, words[1:], call.stdin)
    if words and not options.has("s"):
        return _code(call, _text(call, words[0]), words[1:], call.stdin)
    if call.stdin == NOTHING:
        return NOTHING
    return _code(call, call.stdin.text, words, NOTHING)


def _written(call: Call) -> Stream:
    """Follow a script that the command line wrote before, even if it is named like a program."""
    return _code(
        call, call.shell.state.files.get(call.shell.path(call.full)), call.args, call.stdin
    )


def _text(call: Call, word: Word) -> str | None:
    if word.stream is not None or word.text in ("-", "/dev/stdin"):
        return (word.stream or call.stdin).text
    return call.shell.state.files.get(call.shell.path(word.text))


def _source(call: Call) -> Stream:
    if not call.args:
        return NOTHING
    text = _text(call, call.args[0])
    if text is None:
        name = call.args[0].text
        if not name.endswith(("activate", ".bashrc", ".profile", ".env", "nvm.sh")):
            call.shell.opaque[f"{call.name} {name}"] = None
        return NOTHING
    with call.shell.perhaps():  # it may return before it redirects anything
        return call.shell.script(text, call.stdin)


def _alias(call: Call) -> Stream:
    for word in call.args:
        name, _, value = word.text.partition("=")
        call.shell.state.aliases[name] = value
    return NOTHING


def _trap(call: Call) -> Stream:
    words = parse_options(call.args, "").operands
    if len(words) < 2:
        return NOTHING
    code = words[0].text
    if code in ("", "-"):
        return NOTHING  # a default or an ignored signal; a trap of another signal may remain
    call.shell.state.traps = merged([call.shell.state.traps, (code,)])
    with call.shell.perhaps():
        return call.shell.script(code)


def _exec(call: Call) -> Stream:
    words = parse_options(call.args, "a", first=True).operands
    return call.shell.run(words, call.stdin)


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(("cd", "pushd", "popd", "chdir"), _cd),
    "read": _read,
    **dict.fromkeys(("mapfile", "readarray"), _mapfile),
    "set": _set,
    "shift": _shift,
    "eval": _eval,
    **dict.fromkeys(("bash", "sh", "zsh", "dash", "ksh", "ash", "rbash"), _shell),
    **dict.fromkeys((".", "source"), _source),
    "./": _written,
    "exec": _exec,
    "trap": _trap,
    "alias": _alias,
}
