"""Programs that make and remove: rm, rmdir, mkdir, touch, truncate, tee, chmod, ln."""

from __future__ import annotations

import posixpath

from allegiance.terminal.call import Call, Program
from allegiance.terminal.files import DENIED, MISSING, FileError, inside
from allegiance.terminal.options import Options, UsageError
from allegiance.terminal.programs._text import count_of


def _rm(call: Call) -> int:
    options = call.options(
        "r,R,recursive f,force i I v,verbose d,dir preserve-root=? one-file-system"
    )
    if not options.operands and not options.has("f"):
        raise UsageError("missing operand")
    code = 0
    for path in options.operands:
        last = posixpath.basename(path.rstrip("/"))
        if last in (".", "..") and options.has("r"):
            code = call.error(f"refusing to remove '.' or '..' directory: skipping '{path}'")
            continue
        if call.place(path).endswith(":/") and options.has("r"):
            call.error("it is dangerous to operate recursively on '/'")
            code = call.error("use --no-preserve-root to override this failsafe")
            continue
        status = call.status(path)
        if status is None:
            if options.has("f") and not (path.endswith("/") and call.status(path.rstrip("/"))):
                continue
            what = "Not a directory" if call.status(path.rstrip("/")) else MISSING
            code = call.error(f"cannot remove '{path}': {what}")
        elif status.directory and not options.has("r", "d"):
            code = call.error(f"cannot remove '{path}': Is a directory")
        else:
            code = max(code, _removed(call, path, options))
    return code


def _removed(call: Call, path: str, options: Options) -> int:
    """Remove a file, or a directory with everything in it; return the exit code."""
    place = call.place(path)
    status = call.files.status(place)
    code = 0
    if status is not None and status.directory and options.has("r"):
        for name in call.files.names(place):
            code = max(code, _removed(call, inside(path, name), options))
        if code:
            return code
    if options.last("i", "f") == "i":
        kind = "directory" if status is not None and status.directory else "regular file"
        if not call.asks(f"remove {kind} '{path}'?"):
            return 0
    try:
        call.files.remove(place)
    except FileError as error:
        return call.error(f"cannot remove '{path}': {error}")
    if options.has("v"):
        kind = "directory " if status is not None and status.directory else ""
        call.print(f"removed {kind}'{path}'\n")
    return 0


def _rmdir(call: Call) -> int:
    options = call.options("p,parents v,verbose ignore-fail-on-non-empty")
    if not options.operands:
        raise UsageError("missing operand")
    code = 0
    for operand in options.operands:
        path = operand
        while path and path != "/":
            status = call.status(path)
            if options.has("v"):
                call.print(f"rmdir: removing directory, '{path}'\n")
            try:
                if status is None:
                    raise FileError(MISSING)
                if not status.directory:
                    raise FileError("Not a directory")
                call.files.remove(call.place(path))
            except FileError as error:
                nested = "directory " if path != operand else ""
                code = call.error(f"failed to remove {nested}'{path}': {error}")
                break
            path = posixpath.dirname(path.rstrip("/")) if options.has("p") else ""
    return code


def _mkdir(call: Call) -> int:
    options = call.options("p,parents v,verbose m,mode=")
    if not options.operands:
        raise UsageError("missing operand")
    code = 0
    for operand in options.operands:
        paths = [operand]
        while options.has("p") and (above := posixpath.dirname(paths[-1].rstrip("/"))):
            if above == paths[-1]:
                break
            paths.append(above)
        for path in reversed(paths):
            status = call.status(path)
            if options.has("p") and status is not None and status.directory:
                continue
            try:
                call.files.make(call.place(path))
            except FileError as error:
                message = str(error)
                if message == "File exists" and path != operand:
                    message = "Not a directory"
                code = call.error(f"cannot create directory '{path}': {message}")
                break
            if options.has("v"):
                call.print(f"mkdir: created directory '{path}'\n")
    return code


def _touch(call: Call) -> int:
    """Make files. The date of a file that exists stays: no effect sets it."""
    options = call.options("c,no-create a m d,date= t= r,reference= h f time=")
    if not options.operands:
        raise UsageError("missing file operand")
    code = 0
    for path in options.operands:
        status = call.status(path)
        try:
            if status is not None:
                if not status.writable:
                    raise FileError(DENIED)
            elif not options.has("c"):
                if path.endswith("/"):
                    raise FileError(
                        MISSING if call.status(path[:-1]) is None else "Not a directory"
                    )
                call.files.write(call.place(path), "")
        except FileError as error:
            verb = "setting times of" if path.endswith("/") else "cannot touch"
            code = call.error(f"{verb} '{path}': {error}")
    return code


def _truncate(call: Call) -> int:
    options = call.options("s,size= c,no-create r=")
    size = count_of(options.get("s"))
    if size is None:
        raise UsageError("you must specify either '--size' or '--reference'")
    code = 0
    for path in options.operands:
        try:
            text = call.files.read(call.place(path)) if call.status(path) else ""
            call.files.write(call.place(path), text[: min(size, len(text))])
        except FileError as error:
            code = call.error(f"cannot open '{path}' for writing: {error}")
    return code


def _tee(call: Call) -> int:
    options = call.options("a,append i")
    content = call.shell.stdin.take()
    call.print(content.text, content.origin)
    code = 0
    for path in options.operands:
        place = call.place(path)
        try:
            old = call.files.read(place) if options.has("a") and call.status(path) else ""
            call.files.write(place, old + content.text, None if old else content.origin)
        except FileError as error:
            code = call.error(f"{path}: {error}")
    return code


def _chmod(call: Call) -> int:
    """Change nothing: the permissions of the simulated world are given."""
    options = call.options("R,recursive v f w r x u")
    operands = options.operands if options.has("w", "r", "x", "u") else options.operands[1:]
    if not operands:
        raise UsageError("missing operand")
    doing = "changing permissions of" if call.name == "chmod" else "changing ownership of"
    code = 0
    for path in operands:
        status = call.status(path)
        if status is None:
            code = call.error(f"cannot access '{path}': {MISSING}")
        elif not status.writable or call.name != "chmod":
            code = call.error(f"{doing} '{path}': Operation not permitted")
    return code


def _ln(call: Call) -> int:
    options = call.options("s,symbolic f,force n v r T t=")
    kind = "symbolic link" if options.has("s") else "hard link"
    name = options.operands[-1] if options.operands else ""
    return call.error(f"failed to create {kind} '{name}': Operation not permitted")


PROGRAMS: dict[str, Program] = {
    "rm": _rm,
    "rmdir": _rmdir,
    "mkdir": _mkdir,
    "touch": _touch,
    "truncate": _truncate,
    "tee": _tee,
    "chmod": _chmod,
    "chown": _chmod,
    "chgrp": _chmod,
    "ln": _ln,
    "unlink": _rm,
}
