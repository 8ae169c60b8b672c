"""The effects of ``git``: what it publishes, changes and prints."""

from __future__ import annotations

from collections.abc import Callable

from allegiance.shell.call import Call, Handler
from allegiance.shell.options import Options, parse_options
from allegiance.shell.programs._transfer import named, send
from allegiance.shell.programs.editing import read_patch
from allegiance.shell.state import Stream, Word
from allegiance.shell.targets import below


def _git(call: Call) -> Stream:
    """Follow ``git``; a file that is added by name is copied into the repository."""
    options = parse_options(call.args, "C c git-dir work-tree namespace", first=True)
    task, words = (options.operands[0].text, options.operands[1:]) if options.operands else ("", [])
    state = call.shell.state
    cwd = state.cwd
    for directory in options.all("C"):
        state.cwd = call.shell.local(directory.text)
    for setting in options.all("c"):
        if "=!" in setting.text:
            call.shell.script(setting.text.partition("=!")[2])
    valued = (
        "m message s source b B o output F file format prefix remote exec tree-filter index-filter "
        "author date C pathspec-from-file depth branch"
    )
    rest = parse_options(words, valued + " x" * (task == "rebase"))
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
    for word in options.operands:
        _overwrite(call, word)


def _git_checkout(call: Call, options: Options, words: list[Word]) -> None:
    texts = [w.text for w in words]
    names = words[texts.index("--") + 1 :] if "--" in texts else options.operands
    if options.has("b", "B", "c", "C", "orphan", "detach", "t", "track"):
        return
    for word in names:
        _overwrite(call, word)


def _overwrite(call: Call, word: Word) -> None:
    """Add the effect of taking a file from the history; of a whole tree, which files is unknown."""
    if word.text.rstrip("/") in _ALL:
        call.shell.note("git with all files of a tree")
        return
    # a word may name a branch, too; then there is no such file
    call.shell.emit("write", call.shell.path(word.text))
    call.shell.emit("write", below(call.shell.path(word.text), ""))
    if word.text.isidentifier() or "~" in word.text or "^" in word.text:
        call.shell.note("git with another version of files")


_ALL = (".", ":", ":/", "*", "./*", "..", "")


def _git_clean(call: Call, options: Options, _: list[Word]) -> None:
    if options.has("n", "dry-run"):
        return
    for word in options.operands:
        call.shell.emit("delete", call.shell.tree(word.text))
    if not options.operands:
        call.shell.note("git clean of files that are not named")


def _git_stash(call: Call, options: Options, words: list[Word]) -> None:
    task = words[0].text if words and words[0].text.isalpha() else "push"
    if task in ("list", "show", "drop", "clear", "create", "branch"):
        return
    names = [w for w in options.operands if w.text not in ("push", "save", "pop", "apply")]
    for word in names if task == "push" else []:
        _overwrite(call, word)
    if not names or task != "push":
        call.shell.note(f"git stash {task}")


def _git_hide(call: Call, options: Options, _: list[Word]) -> None:
    """Follow ``git update-index``: a file that git must not look at is no longer watched."""
    hides = options.has("assume-unchanged", "skip-worktree", "force-remove", "cacheinfo")
    for word in _named(options) if hides else []:
        call.shell.emit("write", call.shell.path(word.text))


def _git_history(call: Call, options: Options, words: list[Word]) -> None:
    """Follow a task that changes files, or publishes them, as the history says."""
    task = next((w.text for w in call.args if w.text in _HISTORY), "")
    for code in options.all("x", "exec", "tree-filter", "index-filter"):
        call.shell.script(code.text)
    if task == "reset" and not options.has("hard", "merge", "keep"):
        return
    if task == "worktree" and [w.text for w in words[:1]] in (["list"], ["prune"]):
        return
    if task == "bisect" and words and words[0].text == "run":
        call.shell.run(words[1:])
    elif task == "submodule" and words and words[0].text == "foreach":
        call.shell.script(" ".join(w.text for w in words[1:] if not w.text.startswith("-")))
    call.shell.note(f"git {task}")


_HISTORY = frozenset(
    [
        "revert",
        "reset",
        "pull",
        "merge",
        "rebase",
        "cherry-pick",
        "switch",
        "push",
        "am",
        "bundle",
        "worktree",
        "submodule",
        "lfs",
        "filter-branch",
        "filter-repo",
        "bisect",
        "read-tree",
        "checkout-index",
        "svn",
        "p4",
        "subtree",
        "daemon",
        "send-email",
        "format-patch",
        "fast-export",
        "fast-import",
        "replace",
        "symbolic-ref",
    ]
)


def _git_clone(call: Call, options: Options, _: list[Word]) -> None:
    """Follow ``git clone``: of a folder on this machine, it is a copy of what is in there."""
    words = options.operands
    if words and "://" not in words[0].text and ":" not in words[0].text:
        into = words[1] if len(words) > 1 else Word(words[0].text.rstrip("/").rpartition("/")[2])
        send(call, call.sources(words[0], deep=True), named(call, into), whole=True)


def _git_remote_add(call: Call, options: Options, words: list[Word]) -> None:
    """Follow settings: one that runs a command, such as an alias, is followed."""
    for word in words[1:]:
        if word.text.startswith("!"):
            call.shell.script(word.text[1:])
    if words and words[0].text == "core.hooksPath":
        call.shell.note("git config core.hooksPath", words)


def _git_show(call: Call, options: Options, _: list[Word]) -> Stream:
    shown = [w.text.partition(":")[2] for w in options.operands if ":" in w.text]
    return Stream(sources=tuple(call.shell.path(name) for name in shown if name))


def _git_hash(call: Call, options: Options, _: list[Word]) -> None:
    for word in _named(options)[:1]:
        send(call, call.sources(word), "git:/objects", whole=True)


def _git_apply(call: Call, options: Options, _: list[Word]) -> None:
    if options.has("check", "stat", "numstat"):
        return
    read_patch(call, call.stdin, options.operands[0] if options.operands else None)


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
    "clean": _git_clean,
    "stash": _git_stash,
    "update-index": _git_hide,
    "clone": _git_clone,
    "config": _git_remote_add,
    **dict.fromkeys(_HISTORY, _git_history),
    **dict.fromkeys(("show", "cat-file"), _git_show),
    "hash-object": _git_hash,
    **dict.fromkeys(("apply", "am"), _git_apply),
    "archive": _git_archive,
    "diff": _git_diff,
}
_GIT_NAMES = ("rev-parse", "describe", "symbolic-ref", "branch", "log", "rev-list", "config")
"""Tasks that print names without slashes."""

HANDLERS: dict[str, Handler] = {"git": _git}
