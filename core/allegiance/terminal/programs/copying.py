"""cp, mv and install."""

from __future__ import annotations

from allegiance.terminal.call import Call, Program
from allegiance.terminal.files import DENIED, FULL, MISSING, NOT_DIRECTORY, FileError, base, inside
from allegiance.terminal.files import parent as parent_of
from allegiance.terminal.options import Options, UsageError
from allegiance.terminal.programs._transfer import below, ensure_directory, intend_tree, tree

_OPTIONS = (
    "r,R,recursive a,archive p f,force i,interactive n,no-clobber u,update v,verbose "
    "t,target-directory= T,no-target-directory d L P H x l s preserve=? no-preserve= parents "
    "b backup=? S= strip-trailing-slashes m= o= g= D"
)


def _transfer(call: Call) -> int:
    options = call.options(_OPTIONS)
    sources = list(options.operands)
    if not sources:
        raise UsageError("missing file operand")
    if options.has("t"):
        target = options.get("t")
    elif len(sources) == 1:
        raise UsageError(f"missing destination file operand after '{sources[0]}'")
    else:
        target = sources.pop()
    status = call.status(target)
    folder = status is not None and status.directory and not options.has("T")
    if not folder and (len(sources) > 1 or options.has("t") or _is_misnamed(call, target, options)):
        what = f"target '{target}'" if not options.has("t") else f"target directory '{target}'"
        why = MISSING if call.status(target.rstrip("/")) is None else NOT_DIRECTORY
        if len(sources) == 1 and not options.has("t"):
            return _misnamed(call, sources[0], target, why)
        return call.error(f"{what}: {why}")
    goals: set[str] = set()
    codes = [_one(call, options, source, target, goals, folder=folder) for source in sources]
    return max(codes)


def _is_misnamed(call: Call, target: str, options: Options) -> bool:
    """Tell whether a target ends with a slash and is no directory, for a source that is a file."""
    if not target.endswith("/") or target.rstrip("/") == "":
        return False
    first = call.status(options.operands[0])
    return first is None or not first.directory or call.status(target.rstrip("/")) is not None


def _misnamed(call: Call, source: str, target: str, why: str) -> int:
    if call.status(source) is None:
        return call.error(f"cannot stat '{source}': {MISSING}")
    if call.name == "mv":
        return call.error(f"cannot move '{source}' to '{target}': Not a directory")
    return call.error(f"cannot create regular file '{target}': Not a directory")


def _one(
    call: Call, options: Options, source: str, target: str, goals: set[str], *, folder: bool
) -> int:
    """Copy or move one source and return the exit code."""
    status = call.status(source)
    if status is None:
        why = NOT_DIRECTORY if call.status(source.rstrip("/")) is not None else MISSING
        return call.error(f"cannot stat '{source}': {why}")
    place = call.place(source)
    name = base(place)
    if (folder and source.rstrip("/").endswith("/.")) or source in (".", ".."):
        name = ""
    path = inside(target, name) if folder and name else target
    goal = call.place(path)
    if status.directory and call.name != "mv" and not options.has("r", "a"):
        intend_tree(call.files, place, goal)
        return call.error(f"-r not specified; omitting directory '{source}'")
    if goal in goals:
        return call.error(f"will not overwrite just-created '{path}' with '{source}'")
    if place == goal:
        return call.error(f"'{source}' and '{path}' are the same file")
    if options.has("n") and call.files.status(goal) is not None and not status.directory:
        return 0
    goals.add(goal)
    if status.directory:
        return _tree(call, options, source, path)
    return _file(call, options, source, path)


def _file(call: Call, options: Options, source: str, path: str) -> int:
    place, goal = call.place(source), call.place(path)
    existing = call.files.status(goal)
    moving = call.name == "mv"
    if existing is not None and existing.directory:
        verb = "cannot overwrite directory" + f" '{path}' with non-directory"
        return call.error(verb if not moving else f"{verb} '{source}'")
    asked = existing is not None and options.last("i", "f", "n") == "i"
    if asked and not call.asks(f"overwrite '{path}'?"):
        return 0
    try:
        (call.files.move if moving else call.files.copy)(place, goal)
    except FileError as error:
        return call.error(_refusal(call, source, path, error, existing=existing is not None))
    if options.has("v"):
        call.print(f"{'renamed ' if moving else ''}'{source}' -> '{path}'\n")
    return 0


def _refusal(call: Call, source: str, path: str, error: FileError, *, existing: bool) -> str:
    """Return what a copy or move that failed is answered with."""
    if call.name == "mv":
        return f"cannot move '{source}' to '{path}': {error}"
    if str(error) == FULL:
        return f"error writing '{path}': {error}"
    if str(error) == DENIED and existing:
        return f"cannot create regular file '{path}': {error}"
    return f"cannot create regular file '{path}': {error}"


def _tree(call: Call, options: Options, source: str, path: str) -> int:
    """Copy or move a directory."""
    place, goal = call.place(source), call.place(path)
    moving = call.name == "mv"
    itself = goal.startswith(f"{place.rstrip('/')}/")
    existing = call.files.status(goal)
    if itself and moving:
        return call.error(f"cannot move '{source}' to a subdirectory of itself, '{path}'")
    if existing is not None and not existing.directory:
        return call.error(f"cannot overwrite non-directory '{path}' with directory '{source}'")
    if moving and existing is not None and call.files.names(goal):
        return call.error(f"cannot move '{source}' to '{path}': Directory not empty")
    if call.files.status(parent_of(goal)) is None:
        verb = f"cannot move '{source}' to" if moving else "cannot create directory"
        return call.error(f"{verb} '{path}': {MISSING}")
    rows = list(tree(call.files, place))
    code = 0
    if itself:
        code = call.error(f"cannot copy a directory, '{source}', into itself, '{path}'")
    code = max([code, *(_part(call, options, source, path, row) for row in rows)])
    if moving and not code:
        for inner, is_folder in reversed(rows):
            if is_folder:
                call.files.remove(below(place, inner))
        if options.has("v"):
            call.print(f"renamed '{source}' -> '{path}'\n")
    return code


def _part(call: Call, options: Options, source: str, path: str, row: tuple[str, bool]) -> int:
    """Copy or move one file of a tree, or make one of its directories; return the exit code."""
    inner, is_folder = row
    origin, copy = below(call.place(source), inner), below(call.place(path), inner)
    try:
        if is_folder:
            ensure_directory(call.files, copy)
        elif not (options.has("n") and call.files.status(copy) is not None):
            (call.files.move if call.name == "mv" else call.files.copy)(origin, copy)
    except FileError as error:
        kind = "directory" if is_folder else "regular file"
        return call.error(f"cannot create {kind} '{below(path, inner)}': {error}")
    if options.has("v") and call.name != "mv":
        call.print(f"'{below(source, inner)}' -> '{below(path, inner)}'\n")
    return 0


PROGRAMS: dict[str, Program] = {"cp": _transfer, "mv": _transfer, "install": _transfer}
