"""tar. Archives hold plain text, so a compressed one is the same as one that is not."""

from __future__ import annotations

import io
import tarfile

from allegiance.reading import check_length, reads_text
from allegiance.shell.budget import charge
from allegiance.terminal.call import Call, Program
from allegiance.terminal.files import MISSING, FileError, base, inside
from allegiance.terminal.globs import matches
from allegiance.terminal.options import Options, UsageError, parse_options
from allegiance.terminal.programs._dates import moment
from allegiance.terminal.programs._transfer import below, tree
from allegiance.terminal.streams import Text

_OPTIONS = (
    "c,create x,extract,get t,list r,append u,update f,file= v,verbose z,gzip j,bzip2 J,xz "
    "C,directory= exclude= p,preserve-permissions strip-components= O,to-stdout wildcards h "
    "a,auto-compress P,absolute-names k,keep-old-files numeric-owner T,files-from= "
    "no-same-owner overwrite sort= mtime= owner= group= format= remove-files totals W"
)
_VALUED = "fCTXb"
_MOST_MEMBERS = 5_000
_LARGEST = 4_000_000


def _modern(args: list[str]) -> list[str]:
    """Return the arguments of ``tar czf a.tar d`` in the form with dashes."""
    if not args or args[0].startswith("-"):
        return args
    letters, rest = args[0], args[1:]
    words: list[str] = []
    for letter in letters:
        words.append(f"-{letter}")
        if letter in _VALUED and rest:
            words.append(rest.pop(0))
    return [*words, *rest]


def _tar(call: Call) -> int:
    options = parse_options(_modern(call.args), _OPTIONS)
    tasks = [name for name in "cxtru" if options.has(name)]
    if len(tasks) != 1:
        what = "You must specify one of the '-Acdtrux', '--delete' or '--test-label' options"
        raise UsageError(what if not tasks else "You may not specify more than one '-Acdtrux'")
    name = options.get("f", "-")
    if tasks[0] == "c":
        return _create(call, options, name)
    if tasks[0] in "ru":
        raise UsageError("Cannot update compressed archives")
    try:
        content = call.content(name)
        members = _members(content.text)
    except FileError as error:
        call.error(f"{name}: Cannot open: {error}")
        return call.error("Error is not recoverable: exiting now", 2)
    except ValueError as error:
        call.error(str(error))
        return call.error("Exiting with failure status due to previous errors", 2)
    call.show(content, content.text)
    selection = [m for m in members if _wanted(m, options)]
    code = _missing(call, options, members)
    if tasks[0] == "t":
        for member in selection:
            call.print(_listed(member) if options.has("v") else f"{_shown(member)}\n")
        return code
    return max(code, _extract(call, options, content.text, selection))


@reads_text("a", "\0", "ustar", "a.txt\0", limit=_LARGEST)
def _members(archive: str) -> list[tarfile.TarInfo]:
    """Return what an archive holds.

    Raises:
        ValueError: If it is not an archive.
        TooLong: If it is longer than ``_LARGEST``.
    """
    check_length(archive, _LARGEST)
    charge(len(archive) // 8)
    members: list[tarfile.TarInfo] = []
    data = io.BytesIO(archive.encode("utf-8", "replace"))
    try:
        with tarfile.open(fileobj=data, mode="r:") as file:
            while (member := file.next()) is not None and len(members) < _MOST_MEMBERS:
                members.append(member)
    except (tarfile.TarError, EOFError):
        raise ValueError("This does not look like a tar archive") from None
    return members


def _wanted(member: tarfile.TarInfo, options: Options) -> bool:
    name = member.name
    if any(matches(name, glob) or matches(base(name), glob) for glob in options.all("exclude")):
        return False
    names = [n.rstrip("/") for n in options.operands]
    globs = options.has("wildcards")
    return not names or any(
        name == n or name.startswith(f"{n}/") or (globs and matches(name, n)) for n in names
    )


def _missing(call: Call, options: Options, members: list[tarfile.TarInfo]) -> int:
    """Report the operands that the archive does not hold; return the exit code."""
    code = 0
    for operand in options.operands:
        name = operand.rstrip("/")
        if options.has("wildcards"):
            continue
        if not any(m.name == name or m.name.startswith(f"{name}/") for m in members):
            code = call.error(f"{operand}: Not found in archive", 2)
    if code:
        call.error("Exiting with failure status due to previous errors")
    return code


def _shown(member: tarfile.TarInfo) -> str:
    return member.name + "/" * member.isdir()


def _listed(member: tarfile.TarInfo) -> str:
    mode = f"{member.mode & 0o777:09b}"
    letters = "".join(c if b == "1" else "-" for c, b in zip("rwxrwxrwx", mode, strict=True))
    owner = f"{member.uname or member.uid}/{member.gname or member.gid}"
    size = str(0 if member.isdir() else member.size).rjust(max(19 - len(owner), 2))
    date = moment("1970-01-01").fromtimestamp(member.mtime, moment("1970-01-01").tzinfo)
    kind = "d" if member.isdir() else "-"
    return f"{kind}{letters} {owner}{size} {date:%Y-%m-%d %H:%M} {_shown(member)}\n"


def _place(call: Call, options: Options, path: str) -> str:
    """Return the place of a member's path, from the directory that ``-C`` names."""
    folder = options.get("C")
    return call.place(inside(folder, path) if folder and not path.startswith("/") else path)


def _create(call: Call, options: Options, name: str) -> int:
    operands = list(options.operands)
    if options.has("T"):
        operands += call.read(options.get("T")).text.split("\n")[:-1]
    if not operands:
        raise UsageError("Cowardly refusing to create an empty archive")
    code = 0
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for operand in operands:
            place = _place(call, options, operand)
            status = call.files.status(place)
            if status is None:
                code = call.error(f"{operand}: Cannot stat: {MISSING}", 2)
                continue
            if operand.startswith("/"):
                call.error("Removing leading `/' from member names")
            _pack(call, options, archive, operand.strip("/") or ".", place)
    if code:
        call.error("Exiting with failure status due to previous errors")
    text = buffer.getvalue().decode("utf-8", "replace")
    if name == "-":
        call.print(text)
        return code
    try:
        call.files.write(call.place(name), text)
    except FileError as error:
        call.error(f"{name}: Cannot open: {error}")
        return call.error("Error is not recoverable: exiting now", 2)
    return code


def _pack(call: Call, options: Options, archive: tarfile.TarFile, name: str, place: str) -> None:
    """Add a file, or a directory with everything in it, to an archive."""
    status = call.files.status(place)
    folder = status is not None and status.directory
    rows = list(tree(call.files, place)) if folder else [("", False)]
    left_out: list[str] = []
    for path, is_folder in rows:
        member = inside(name, path) if path else name
        globs = options.all("exclude")
        if any(matches(base(member), g) or matches(member, g) for g in globs) or any(
            member.startswith(f"{skipped}/") for skipped in left_out
        ):
            left_out.append(member)
            continue
        target = below(place, path)
        part = call.files.status(target)
        if part is None:
            continue
        info = tarfile.TarInfo(member)
        info.type = tarfile.DIRTYPE if is_folder else tarfile.REGTYPE
        info.mode = part.mode
        info.mtime = int(moment(part.modified).timestamp())
        info.uname = info.gname = part.owner
        content = b""
        if not is_folder:
            text = call.files.read(target)
            call.files.note_read(target, text)
            content = text.encode()
        charge(len(content) + 512, 1)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
        if options.has("v"):
            call.print(f"{_shown(info)}\n")


def _extract(call: Call, options: Options, archive: str, members: list[tarfile.TarInfo]) -> int:
    """Write the members of an archive to files; return the exit code."""
    data = archive.encode("utf-8", "replace")
    dropped = options.number("strip-components", 0, "Invalid number of elements")
    folder = options.get("C")
    if folder and ((status := call.status(folder)) is None or not status.directory):
        call.error(f"{folder}: Cannot open: {MISSING}")
        return call.error("Error is not recoverable: exiting now", 2)
    code = 0
    for member in members:
        parts = member.name.split("/")[dropped:]
        if not parts or ".." in parts:
            continue
        if options.has("v"):
            call.print(f"{_shown(member)}\n")
        content = data[member.offset_data : member.offset_data + member.size]
        text = content.decode("utf-8", "replace")
        if options.has("O"):
            call.print("" if member.isdir() else text)
            continue
        place = _place(call, options, "/".join(parts).lstrip("/"))
        try:
            _unpack(call, place, Text(text), folder=member.isdir())
        except FileError as error:
            what = "mkdir" if member.isdir() else "open"
            code = call.error(f"{member.name}: Cannot {what}: {error}", 2)
    if code:
        call.error("Exiting with failure status due to previous errors")
    return code


def _unpack(call: Call, place: str, content: Text, *, folder: bool) -> None:
    """Write one member, and make the directories that it needs."""
    host, _, path = place.partition(":")
    parts = path.strip("/").split("/")
    for count in range(1, len(parts) + folder):
        above = f"{host}:/{'/'.join(parts[:count])}"
        if call.files.status(above) is None:
            call.files.make(above)
    if not folder:
        call.files.write(place, content.text)


PROGRAMS: dict[str, Program] = {"tar": _tar}
