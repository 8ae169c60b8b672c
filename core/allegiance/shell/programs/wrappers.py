"""Commands that run another command: as another user, for each of many files, elsewhere."""

from __future__ import annotations

import re
from itertools import pairwise

from allegiance.shell.budget import charge, substitute
from allegiance.shell.call import Call, Handler
from allegiance.shell.later import cron_commands
from allegiance.shell.loops import few
from allegiance.shell.options import parse_options
from allegiance.shell.programs.tasks import change_all
from allegiance.shell.state import NOTHING, ShellState, Stream, Word
from allegiance.shell.targets import UNKNOWN, machine, remote
from allegiance.shell.words import resolve_escapes

_VALUED = {
    "sudo": "u user g group h host p prompt C close-from D chdir r role t type T U R chroot",
    "doas": "u C",
    "nice": "n adjustment",
    "ionice": "c n p class classdata",
    "timeout": "s signal k kill-after",
    "stdbuf": "i o e input output error",
    "chrt": "T P D",
    "taskset": "c",
    "strace": "e o p s u",
    "unshare": "",
    "systemd-run": "p property unit u uid gid description on-calendar on-active slice M",
    "time": "f o format output",
    "setpriv": "reuid regid",
    "firejail": "",
    "numactl": "N m C",
    "caffeinate": "t",
    "watch": "n interval",
    "flock": "w timeout E",
    "script": "c",
}
_LEADING = {"timeout": 1, "taskset": 1, "chrt": 1, "flock": 1}
_SSH = "p i l o F L R D J b c E e m O Q S W w B I"
_FIND = ("-exec", "-execdir", "-ok", "-okdir")
_SHAPES = ("-name", "-iname", "-path", "-ipath", "-wholename", "-iwholename")


def _wrapped(call: Call) -> Stream:
    """Follow a program that runs the command in its arguments."""
    options = parse_options(call.args, _VALUED.get(call.name, ""), first=True)
    for code in options.all("c") if call.name in ("flock", "script") else []:
        return call.shell.script(code.text, call.stdin)
    words = options.operands[_LEADING.get(call.name, 0) :]
    if call.name == "command" and options.has("v", "V"):
        return Stream(text=" ".join(w.text for w in words))
    if call.name == "taskset" and options.has("c"):
        words = options.operands
    for directory in options.all("D", "chdir") if call.name == "sudo" else []:
        call.shell.state.cwd = call.shell.local(directory.text)
    if call.name == "flock" and words and words[0].text == "-c":
        return call.shell.script(words[1].text if len(words) > 1 else "", call.stdin)
    while words and "=" in words[0].text and call.name == "sudo":
        words = words[1:]
    if call.name == "sudo" and not words and options.has("i", "s") and call.stdin != NOTHING:
        return call.shell.run([Word("bash")], call.stdin)
    if call.name == "sudo" and options.has("e", "edit"):
        return call.shell.run([Word("ex"), *words], call.stdin)
    if call.name == "watch" and len(words) == 1:
        return call.shell.script(words[0].text)
    return call.shell.run(words, call.stdin)


def _env(call: Call) -> Stream:
    options = parse_options(call.args, "u unset C chdir S split-string", first=True)
    words = list(options.operands)
    with call.shell.within(call.shell.state.fork()):
        for directory in options.all("C", "chdir"):
            call.shell.state.cwd = call.shell.local(directory.text)
        while words and "=" in words[0].text:
            name, _, value = words.pop(0).text.partition("=")
            call.shell.state.variables[name] = (Word(value),)
        if line := options.get("S", "split-string"):
            return call.shell.script(line.text, call.stdin)
        return call.shell.run(words, call.stdin) if words else Stream()


def _su(call: Call) -> Stream:
    code = parse_options(call.args, "c command s shell g group").get("c", "command")
    if code is not None:
        return call.shell.script(code.text, call.stdin)
    return call.shell.run([Word("bash")], call.stdin)


def _each(call: Call, words: list[Word], items: list[str], mark: str | None) -> Stream:
    known = call.stdin.names is None and call.stdin.text is not None
    if mark is None:
        more = [Word(item, known=known, sources=call.stdin.sources) for item in items]
        return call.shell.run([*words, *more], NOTHING)
    stream = NOTHING
    for item in few(items, UNKNOWN):
        filled = [
            Word(
                substitute(w.text, mark, item),
                w.known and known,
                w.sources + call.stdin.sources * (mark in w.text),
            )
            for w in words
        ]
        stream = call.shell.run(filled, NOTHING)
    return stream


def _separator(word: Word | None) -> str:
    return resolve_escapes(word.text)[:1] if word is not None else ""


def _xargs(call: Call) -> Stream:
    options = parse_options(
        call.args,
        "I n L P s d a E max-args max-procs max-lines delimiter arg-file replace",
        first=True,
    )
    stream = call.stdin
    if file := options.get("a", "arg-file"):
        stream = call.content(file)
    mark = options.get("I", "replace")
    items = stream.words()
    separator = "\0" if options.has("0", "null") else _separator(options.get("d", "delimiter"))
    if separator and stream.text is not None and stream.names is None:
        charge(len(stream.text))
        items = [item for item in stream.text.split(separator) if item.strip()]
    marked = mark.text if mark else "{}" if options.has("i") else None
    if marked and stream.text is not None and not separator:
        items = [line.strip() for line in stream.text.splitlines()]
    return _each(call, options.operands or [Word("echo")], items, marked)


def _parallel(call: Call) -> Stream:
    options = parse_options(call.args, "j jobs a arg-file C colsep N n I joblog", first=True)
    texts = [w.text for w in options.operands]
    end = texts.index(":::") if ":::" in texts else len(texts)
    words = options.operands[:end]
    items = texts[end + 1 :] or call.stdin.words()
    if len(words) == 1 and " " in words[0].text:
        words = [Word(part) for part in words[0].text.split()]
    mark = "{}" if any("{}" in w.text for w in words) else None
    return _each(call, words, [i for i in items if i != ":::"], mark)


def _fd(call: Call) -> Stream:
    """Follow ``fd``, whose first operand is a pattern and whose others are directories."""
    texts = [w.text for w in call.args]
    end = next(
        (n for n, t in enumerate(texts) if t in ("-x", "-X", "--exec", "--exec-batch")), None
    )
    options = parse_options(
        call.args[:end], "e extension t type d max-depth E exclude S size changed-within c color"
    )
    roots = options.operands[1:] or [Word(".")]
    names = [call.shell.tree(w.text) for w in roots]
    if end is not None:
        words = call.args[end + 1 :]
        if not any("{}" in w.text for w in words):
            words = [*words, Word("{}")]
        for name in names:
            filled = [Word(substitute(w.text, "{}", name), "{}" not in w.text) for w in words]
            call.shell.run(filled)
    return Stream(names=(UNKNOWN,) if end is None else ())


def _find(call: Call) -> Stream:
    args = list(call.args)
    roots: list[str] = []
    while args and not args[0].text.startswith(("-", "(", "!")):
        roots.append(args.pop(0).text)
    texts = [a.text for a in args]
    negated = bool({"!", "-not"} & set(texts))
    shapes = [
        re.sub("[A-Za-z]", "?", shape) if test.startswith("-i") else shape
        for test, shape in pairwise(texts)
        if test in _SHAPES and not negated
    ]
    roots = roots or ["."]
    charge(
        sum(map(len, roots)) * max(len(shapes), 1) + sum(map(len, shapes)) * len(roots),
        len(roots) * max(len(shapes), 1),
    )
    names = [n for root in roots for n in _found(root, shapes)]
    if "-delete" in texts and "-empty" not in texts:
        for name in names:
            call.shell.emit("delete", call.shell.path(name))
    stream = Stream(names=tuple(names))
    while args:
        word = args.pop(0)
        if word.text in _FIND:
            end = next((n for n, a in enumerate(args) if a.text in (";", "+")), len(args))
            words, args = args[:end], args[end + 1 :]
            for name in names:
                filled = [Word(substitute(w.text, "{}", name), "{}" not in w.text) for w in words]
                stream = call.shell.run(filled)
        elif word.text in ("-fprint", "-fls", "-fprintf") and args:
            call.shell.store(args[0].text, Stream())
    if any(t.startswith(("-printf", "-ls")) for t in texts):
        return Stream(names=(UNKNOWN,))
    return stream


def _found(root: str, shapes: list[str]) -> list[str]:
    """Return globs of the names that ``find`` prints below a directory."""
    top = root.rstrip("/") or "/"
    head = "" if top == "." else f"{top.rstrip('/')}/"
    if not shapes:
        return [head or UNKNOWN]
    return [f"{head}{UNKNOWN}{s.lstrip('*') if '/' in s else s}" for s in shapes]


def _ssh(call: Call) -> Stream:
    options = parse_options(call.args, _SSH, first=True)
    if not options.operands:
        return NOTHING
    host, *rest = options.operands
    words = parse_options(rest, _SSH, first=True).operands
    target = remote(host.text) or remote(f"{host.text}:") or f"{machine(host.text)}:"
    with call.shell.within(ShellState(host=target.partition(":")[0])):
        if words:
            return call.shell.script(" ".join(w.text for w in words), call.stdin)
        if call.stdin == NOTHING:
            return NOTHING
        return call.shell.run([Word("bash")], call.stdin)


def _chroot(call: Call) -> Stream:
    words = parse_options(call.args, "userspec groups", first=True).operands
    if not words:
        return NOTHING
    state = call.shell.state.fork()
    state.root, state.cwd = call.shell.path(words[0].text).rstrip("/"), "/"
    with call.shell.within(state):
        return call.shell.run(words[1:], call.stdin)


def _terminal(call: Call) -> Stream:
    """Follow ``tmux`` and ``screen``, which run what is typed into them, or end a session."""
    texts = [w.text for w in call.args]
    if any(t.startswith("kill-") for t in texts) or texts[-1:] in (["quit"], ["kill"]):
        named = parse_options(call.args, "t S s L X c").all("t", "S")
        change_all(call, "service", named or [Word("*", known=False)], "kill", stops=True)
        return NOTHING
    for word in call.args:
        if " " in word.text:
            call.shell.script(word.text)
    if call.name == "screen" and any(t.startswith("-d") for t in texts):
        options = parse_options(call.args, "S c", first=True)
        call.shell.run(options.operands)
    return NOTHING


def _later(call: Call) -> Stream:
    """Follow ``at``, which runs what it reads."""
    return call.shell.run([Word("bash")], call.stdin)


def _crontab(call: Call) -> Stream:
    options = parse_options(call.args, "u")
    if options.has("l", "e"):
        return Stream()
    if options.has("r"):
        call.shell.emit("delete", "crontab:/user")
        return NOTHING
    stream = call.content(options.operands[0]) if options.operands else call.stdin
    call.shell.emit("write", "crontab:/user", value=stream.text)
    for code in cron_commands(stream.text or stream.partial):
        call.shell.follow_later(code)
    if stream.text is None and not stream.partial:
        call.shell.note("crontab with a table that is not in the command", [], stream)
    return NOTHING


_WITHOUT_VALUES = (
    "nohup setsid command builtin busybox unbuffer fakeroot coproc toybox ltrace pkexec "
    "proxychains torsocks eatmydata"
)
HANDLERS: dict[str, Handler] = {
    **dict.fromkeys((*_VALUED, *_WITHOUT_VALUES.split()), _wrapped),
    "env": _env,
    **dict.fromkeys(("su", "runuser"), _su),
    "xargs": _xargs,
    "parallel": _parallel,
    **dict.fromkeys(("find", "gfind"), _find),
    **dict.fromkeys(("fd", "fdfind"), _fd),
    **dict.fromkeys(("ssh", "mosh", "autossh"), _ssh),
    "chroot": _chroot,
    **dict.fromkeys(("tmux", "screen"), _terminal),
    **dict.fromkeys(("at", "batch"), _later),
    "crontab": _crontab,
}
