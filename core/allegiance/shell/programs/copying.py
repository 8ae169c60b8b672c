"""Commands that copy, move and link files."""

from __future__ import annotations

import posixpath

from allegiance.shell.call import Call, Handler
from allegiance.shell.options import parse_options
from allegiance.shell.programs._transfer import named, origins, send
from allegiance.shell.state import NOTHING, Stream, Word
from allegiance.shell.targets import UNKNOWN, base, below, join, remote
from allegiance.trace.effects import Verb

_COPY = "t target-directory S suffix m mode o owner g group Z context"
_SCP = "P i o F c l S J D X"
_RSYNC = (
    "e rsh f filter T temp-dir B block-size M exclude include exclude-from include-from files-from "
    "bwlimit partial-dir backup-dir port timeout rsync-path log-file password-file out-format "
    "chmod chown usermap groupmap link-dest compare-dest copy-dest max-size min-size"
)


def _inside(text: str) -> bool:
    """Tell whether a source names the content of a directory, not the directory itself."""
    return text.endswith(("/.", "/*", "/")) or text in (".", "*")


def _copy(call: Call) -> Stream:
    verb: Verb = "move" if call.name == "mv" else "copy"
    options = parse_options(call.args, _COPY)
    deep = verb == "move" or options.has("r", "R", "a", "recursive", "archive")
    if call.name == "install" and options.has("d", "directory"):
        return NOTHING
    into = options.get("t", "target-directory")
    words = list(options.operands)
    if into is None and len(words) < 2:
        return NOTHING
    target = call.shell.path((into or words.pop()).text)
    exact = options.has("T", "no-target-directory")
    for word in words:
        contents = deep and verb == "copy" and word.text.endswith(("/.", "./", "."))
        sources = call.sources(word, deep=deep)
        if not sources:  # what the command itself holds, as in ``cp /dev/stdin x <<< text``
            call.shell.store((into or options.operands[-1]).text, word.stream or call.stdin)
        for source in sources:
            if contents and posixpath.basename(word.text.rstrip("/")) == ".":
                call.shell.emit(verb, below(target, ""), source)
            elif exact:
                call.shell.emit(verb, target.rstrip("/") + "/" * deep, source)
            elif options.has("parents"):
                call.shell.emit(verb, below(target, source.lstrip("/")), source)
            else:
                many = len(words) > 1 or into is not None
                send(call, [source], target, verb=verb, many=many, deep=deep)
    return NOTHING


def _scp(call: Call) -> Stream:
    options = parse_options(call.args, _SCP)
    words = list(options.operands)
    if len(words) > 1:
        target = named(call, words.pop())
        deep = options.has("r")
        sources = [s for word in words for s in origins(call, word, deep=deep, far=True)]
        send(call, sources, target, deep=deep)
    return NOTHING


def _rsync(call: Call) -> Stream:
    options = parse_options(call.args, _RSYNC)
    words = list(options.operands)
    if len(words) < 2:
        return NOTHING
    target = named(call, words.pop())
    verb: Verb = "move" if options.has("remove-source-files") else "copy"
    for word in words:
        for source in origins(call, word, deep=True, far=True):
            if _inside(word.text):
                call.shell.emit(verb, below(target, ""), source)
            else:
                send(call, [source], target, verb=verb, deep=True)
    if options.has("delete", "del", "delete-after", "delete-before", "delete-during"):
        call.shell.emit("delete", below(target, ""))
    return NOTHING


def _rclone(call: Call) -> Stream:
    options = parse_options(call.args, "include exclude filter config transfers bwlimit")
    words = list(options.operands)
    task = words.pop(0).text if words else ""
    if task in ("copy", "sync", "copyto", "move", "moveto", "bisync") and len(words) > 1:
        verb: Verb = "move" if task.startswith("move") else "copy"
        target = named(call, words[1])
        for source in origins(call, words[0], deep=True, far=True):
            call.shell.emit(verb, target if task.endswith("to") else below(target, ""), source)
    elif task == "rcat" and words:
        send(call, call.stdin.sources, named(call, words[0]), whole=True)
    elif task == "cat" and words:
        return Stream(sources=origins(call, words[0], far=True))
    elif task in ("delete", "purge", "deletefile") and words:
        call.shell.emit("delete", below(named(call, words[0]), ""))
    return NOTHING


def _link(call: Call) -> Stream:
    options = parse_options(call.args, _COPY)
    words = list(options.operands)
    into = options.get("t", "target-directory")
    if not words:
        return NOTHING
    target = call.shell.path(into.text if into else words.pop().text if len(words) > 1 else ".")
    for word in words:
        source = next(iter(call.sources(word)), UNKNOWN)
        send(call, [source], target, many=len(words) > 1 or into is not None)
        aim = source
        if options.has("s", "symbolic") and not word.text.startswith(("/", "~")):
            aim = join(posixpath.dirname(target.rstrip("/")), word.text)
            send(call, [aim], target, many=len(words) > 1 or into is not None)
        for name in (target.rstrip("/"), below(target, base(source))):
            call.shell.state.links[name] = source
    return NOTHING


def _dd(call: Call) -> Stream:
    settings = dict(w.text.split("=", 1) for w in call.args if "=" in w.text)
    source = call.content(Word(settings["if"])) if "if" in settings else call.stdin
    if "of" not in settings:
        return Stream(sources=source.sources, text=source.text)
    call.shell.store(settings["of"], Stream(sources=source.sources))
    return NOTHING


def _split(call: Call) -> Stream:
    options = parse_options(call.args, "b bytes l lines n number C a suffix-length f prefix k")
    words = list(options.operands) or [Word("-")]
    prefix = "xx" if call.name == "csplit" else "x"
    if named_prefix := options.get("f", "prefix"):
        prefix = named_prefix.text
    elif len(words) > 1 and call.name == "split":
        prefix = words[1].text
    send(call, call.sources(words[0]), call.shell.path(f"{prefix}*"), whole=True)
    return NOTHING


def _mount(call: Call) -> Stream:
    words = parse_options(call.args, "t o L U source target types options").operands
    if len(words) == 2:
        for source in call.sources(words[0], deep=True):
            call.shell.emit("copy", call.shell.path(words[1].text), source)
    return NOTHING


def _sftp(call: Call) -> Stream:
    """Follow the commands that a file transfer program reads from its input."""
    places = parse_options(call.args, "P i o F b B c l u p R S J s D e U W").operands
    orders = call.stdin.text
    script = parse_options(call.args, "b e c P i o F u p U").get("b", "e", "c")
    if script is not None:
        inline = call.name in ("lftp", "smbclient", "tftp")
        orders = script.text if inline else call.content(script).text
    if not places or orders is None:
        call.shell.note(f"{call.name} with orders that are not in the command", call.args)
        return NOTHING
    name = places[0].text
    if name.startswith("//"):  # a share, as smbclient names it
        places[0] = Word(name.lstrip("/").replace("/", ":/", 1))
    server = remote(places[0].text) or remote(f"{places[0].text}:") or places[0].text
    for order in orders.replace(";", "\n").splitlines():
        verb, *rest = Stream(text=order).words() or [""]
        names = [Word(r) for r in rest if not r.startswith("-")]
        if verb in ("put", "mput", "reput", "send", "mirror") and names:
            words = names if verb == "mput" else names[:1]
            sources = [s for w in words for s in call.sources(w, deep=verb in ("put", "mirror"))]
            end = names[1].text if len(names) > 1 and verb != "mput" else ""
            send(call, sources, server.rstrip("/") + end if end else below(server, ""), deep=True)
        elif verb in ("get", "mget") and names:
            target = names[1].text if len(names) > 1 else "."
            send(call, [f"{server}{names[0].text}"], call.shell.path(target))
    return NOTHING


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(("cp", "mv", "install", "gcp", "gmv", "ginstall"), _copy),
    **dict.fromkeys(("scp", "pscp"), _scp),
    "rsync": _rsync,
    "rclone": _rclone,
    **dict.fromkeys(("ln", "link"), _link),
    **dict.fromkeys(("dd", "dcfldd"), _dd),
    **dict.fromkeys(("split", "csplit"), _split),
    "mount": _mount,
    **dict.fromkeys(
        ("sftp", "ftp", "lftp", "smbclient", "tftp", "yafc", "cadaver", "ncftp"), _sftp
    ),
}
