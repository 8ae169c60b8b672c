"""The effects of ``git``: what it publishes, changes and prints."""

from __future__ import annotations

from collections.abc import Callable

from allegiance.shell.call import Call, Handler
from allegiance.shell.options import Options, parse_options
from allegiance.shell.programs._transfer import send
from allegiance.shell.state import Stream, Word


def _git(call: Call) -> Stream:
    """Follow ``git``; a file that is added by name is copied into the repository."""
    options = parse_options(call.args, "C c git-dir work-tree namespace", first=True)
    task, words = (options.operands[0].text, options.operands[1:]) if options.operands else ("", [])
    state = call.shell.state
    cwd = state.cwd
    for directory in options.all("C"):
        state.cwd = call.shell.local(directory.text)
    rest = parse_options(words, "m message s source b B o output F file format prefix remote")
    stream = _GIT[task](call, rest, words) if task in _GIT else None
    state.cwd = cwd
    if stream is not None:
        return stream
    return Stream(names=("*",)) if task in _GIT_NAMES else Stream()


def _named(options: Options) -> list[Word]:
    """Return the operands that name files one by one."""
    return [w for w in options.operands if w.text not in (".", ":/", "*")]


def _git_add(call: Call, options: Options, _: list[Word]) -> None:
    sources = [s for w in _named(options) for s in call.sources(w, deep=True)]
    send(call, sources, "git:/index", whole=True)


def _git_rm(call: Call, options: Options, _: list[Word]) -> None:
    for word in [] if options.has("cached") else _named(options):
        target = call.shell.tree(word.text) if options.has("r") else call.shell.path(word.text)
        call.shell.emit("delete", target)


def _git_mv(call: Call, options: Options, _: list[Word]) -> None:
    if len(names := _named(options)) > 1:
        call.shell.run([Word("mv"), *names])


def _git_restore(call: Call, options: Options, _: list[Word]) -> None:
    if options.has("staged", "S") and not options.has("worktree", "W"):
        return
    for word in _named(options):
        call.shell.emit("write", call.shell.path(word.text))


def _git_checkout(call: Call, _: Options, words: list[Word]) -> None:
    texts = [w.text for w in words]
    for name in texts[texts.index("--") + 1 :] if "--" in texts else []:
        if name != ".":
            call.shell.emit("write", call.shell.path(name))


def _git_show(call: Call, options: Options, _: list[Word]) -> Stream:
    shown = [w.text.partition(":")[2] for w in options.operands if ":" in w.text]
    return Stream(sources=tuple(call.shell.path(name) for name in shown if name))


def _git_hash(call: Call, options: Options, _: list[Word]) -> None:
    for word in _named(options)[:1]:
        send(call, call.sources(word), "git:/objects", whole=True)


def _git_apply(call: Call, _: Options, words: list[Word]) -> None:
    task = next(w.text for w in call.args if w.text in ("apply", "am"))
    call.shell.opaque[f"git {task}"] = None


def _git_archive(call: Call, options: Options, _: list[Word]) -> Stream | None:
    sources = [s for w in _named(options)[1:] for s in call.sources(w, deep=True)]
    target = options.get("o", "output")
    if target is None:
        return Stream(sources=tuple(sources)) if sources else None
    send(call, sources, call.shell.path(target.text), whole=True)
    return None


def _git_diff(call: Call, options: Options, _: list[Word]) -> Stream | None:
    if not options.has("no-index"):
        return None
    return Stream(sources=tuple(s for w in _named(options) for s in call.sources(w)))


_GIT: dict[str, Callable[[Call, Options, list[Word]], Stream | None]] = {
    **dict.fromkeys(("add", "stage"), _git_add),
    "rm": _git_rm,
    "mv": _git_mv,
    "restore": _git_restore,
    "checkout": _git_checkout,
    **dict.fromkeys(("show", "cat-file"), _git_show),
    "hash-object": _git_hash,
    **dict.fromkeys(("apply", "am"), _git_apply),
    "archive": _git_archive,
    "diff": _git_diff,
}
_GIT_NAMES = ("rev-parse", "describe", "symbolic-ref", "branch", "log", "rev-list", "config")
"""Tasks that print names without slashes."""

HANDLERS: dict[str, Handler] = {"git": _git}
