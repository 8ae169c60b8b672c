"""ls and stat."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from allegiance.reading import reads_text
from allegiance.shell.budget import charge
from allegiance.terminal.call import Call, Program
from allegiance.terminal.files import MISSING, FileError, Status, inside
from allegiance.terminal.options import Options
from allegiance.terminal.programs._dates import listed, moment
from allegiance.terminal.programs._text import human

_OPTIONS = (
    "l a,all A,almost-all h,human-readable 1 R,recursive d,directory t S r,reverse F,classify p "
    "n,numeric-uid-gid g o G,no-group s,size i,inode color=? time-style= full-time sort= "
    "group-directories-first C x m k B b q Q N X U f v time= si I,ignore="
)


@dataclass(frozen=True)
class _Entry:
    """One row: the name that is shown, and what it is."""

    name: str
    status: Status
    links: int = 1


def mode_text(status: Status) -> str:
    """Return permissions as ``-rw-r--r--``."""
    bits = f"{status.mode:09b}"
    letters = "".join(c if bit == "1" else "-" for c, bit in zip("rwxrwxrwx", bits, strict=True))
    return ("d" if status.directory else "-") + letters


def _ls(call: Call) -> int:
    options = call.options(_OPTIONS)
    paths = options.operands or ["."]
    files: list[_Entry] = []
    folders: list[str] = []
    status = 0
    for path in paths:
        entry = call.status(path)
        if entry is None:
            status = 2
            call.error(f"cannot access '{path}': {_reason(call, path)}")
        elif entry.directory and not options.has("d"):
            folders.append(path)
        else:
            files.append(_Entry(path, entry, _links(call, call.place(path))))
    _print(call, options, _ordered(files, options))
    headed = len(paths) > 1 or options.has("R")
    folders = sorted(folders, reverse=options.has("r"))
    follows = bool(files)
    while folders:
        folder = folders.pop(0)
        if headed:
            call.print(f"{chr(10) * follows}{folder}:\n")
        follows = True
        entries = _entries(call, folder, options)
        if options.has("l", "s", "n", "g", "o", "full-time"):
            total = sum(e.status.blocks for e in entries)
            display = human(total) if options.has("h") else str(total // 1024)
            call.print(f"total {display}\n")
        _print(call, options, entries)
        if options.has("R"):
            names = [e.name for e in entries if e.status.directory and e.name not in (".", "..")]
            folders = [*(inside(folder, name) for name in names), *folders]
    return status


def _reason(call: Call, path: str) -> str:
    if path.endswith("/") and call.status(path.rstrip("/")) is not None:
        return "Not a directory"
    try:
        call.files.read(call.place(path))
    except FileError as error:
        return str(error)
    return MISSING


def _links(call: Call, place: str) -> int:
    """Return the number of links: a directory has two, and one for each directory in it."""
    status = call.files.status(place)
    if status is None or not status.directory:
        return 1
    names = call.files.names(place)
    charge(0, len(names) // 4)
    parts = (call.files.status(inside(place, name)) for name in names)
    return 2 + sum(part is not None and part.directory for part in parts)


def _entries(call: Call, folder: str, options: Options) -> list[_Entry]:
    place = call.place(folder)
    names = call.files.names(place)
    if options.has("a", "f"):
        names = [".", "..", *names]
    elif not options.has("A"):
        names = [name for name in names if not name.startswith(".")]
    deep = options.has("l", "n", "g", "o", "full-time")
    entries = []
    for name in names:
        target = call.place(inside(folder, name))
        status = call.files.status(target)
        if status is not None:
            entries.append(_Entry(name, status, _links(call, target) if deep else 1))
    return _ordered(entries, options)


def _ordered(entries: Iterable[_Entry], options: Options) -> list[_Entry]:
    rows = sorted(entries, key=lambda e: e.name)
    kind = options.last("t", "S", "U", "f", "X")
    kind = {"time": "t", "size": "S", "none": "U"}.get(options.get("sort"), kind)
    if kind == "t":
        rows.sort(key=lambda e: moment(e.status.modified), reverse=True)
    elif kind == "S":
        rows.sort(key=lambda e: -e.status.size)
    elif kind == "X":
        rows.sort(key=lambda e: e.name.rpartition(".")[2] if "." in e.name[1:] else "")
    if options.has("r"):
        rows.reverse()
    if options.has("group-directories-first"):
        rows.sort(key=lambda e: not e.status.directory)
    return rows


def _print(call: Call, options: Options, entries: list[_Entry]) -> None:
    rows = [(_cells(call, options, entry), _marked(entry, options)) for entry in entries]
    widths = [
        max(len(cell) for cell in column) for column in zip(*(r for r, _ in rows), strict=True)
    ]
    for (cells, name), entry in zip(rows, entries, strict=True):
        padded = [
            cell.ljust(width) if kind == "left" else cell.rjust(width)
            for cell, width, kind in zip(cells, widths, _sides(options, entry), strict=True)
        ]
        call.print(" ".join([*padded, name]) + "\n" if options.last("m") == "" else f"{name}, ")


def _sides(options: Options, entry: _Entry) -> list[str]:
    sides = ["right"] * options.has("i") + ["right"] * options.has("s")
    if options.has("l", "n", "g", "o", "full-time"):
        sides += ["left", "right"]
        sides += ["left"] * (not options.has("g")) + ["left"] * (not options.has("o", "G"))
        sides += ["right", "left"]
    return sides


def _cells(call: Call, options: Options, entry: _Entry) -> list[str]:
    """Return the columns before the name."""
    status = entry.status
    cells = [str(inode(entry.name))] if options.has("i") else []
    if options.has("s"):
        blocks = status.blocks
        cells.append(human(blocks) if options.has("h") else str(blocks // 1024))
    if not options.has("l", "n", "g", "o", "full-time"):
        return cells
    owner = ("0" if status.owner == "root" else "1000") if options.has("n") else status.owner
    cells += [mode_text(status), str(entry.links)]
    cells += [owner] * (not options.has("g")) + [owner] * (not options.has("o", "G"))
    size = human(status.size) if options.has("h") else str(status.size)
    return [*cells, size, _date(call, status, options)]


def _date(call: Call, status: Status, options: Options) -> str:
    value = moment(status.modified)
    style = "full-iso" if options.has("full-time") else options.get("time-style")
    if style == "full-iso":
        return f"{value:%Y-%m-%d %H:%M:%S}.000000000 +0000"
    if style == "long-iso":
        return f"{value:%Y-%m-%d %H:%M}"
    if style.startswith("+"):
        return value.strftime(style[1:200])
    return listed(status.modified, call.files.world)


def _marked(entry: _Entry, options: Options) -> str:
    slash = entry.status.directory and options.has("F", "p") and not entry.name.endswith("/")
    return entry.name + "/" * slash


def inode(name: str) -> int:
    """Return a number for a file that is always the same."""
    number = 0
    for char in name[:200]:
        number = (number * 31 + ord(char)) % 900_000
    return 100_000 + number


def _stat(call: Call) -> int:
    options = call.options("c,format= printf= t,terse L,dereference f,file-system")
    if not options.operands:
        return call.error("missing operand")
    code = 0
    for path in options.operands:
        status = call.status(path)
        if status is None:
            code = call.error(f"cannot statx '{path}': {_reason(call, path)}")
            continue
        links = _links(call, call.place(path))
        form = options.get("c") + "\n" if options.has("c") else options.get("printf")
        if options.has("c", "printf"):
            call.print(_formatted(form, path, status, links))
        else:
            call.print(_described(path, status, links))
    return code


@reads_text("%n", "%", "%s", "\\n", "a", limit=None)
def _formatted(form: str, path: str = "", status: Status | None = None, links: int = 1) -> str:
    """Return a format of stat with its fields filled in."""
    if status is None:
        status = Status(False, 0, "", "root")
    value = moment(status.modified)
    display = f"{value:%Y-%m-%d %H:%M:%S}.000000000 +0000"
    number = "0" if status.owner == "root" else "1000"
    fields = {
        "n": path,
        "N": f"'{path}'",
        "s": str(status.size),
        "F": _kind(status),
        "a": f"{status.mode:o}",
        "A": mode_text(status),
        "f": f"{(0x4000 if status.directory else 0x8000) + status.mode:x}",
        "U": status.owner,
        "G": status.owner,
        "u": number,
        "g": number,
        "h": str(links),
        "i": str(inode(path)),
        "b": str(status.blocks // 512),
        "B": "512",
        "o": "4096",
        "d": "2049",
        "m": "/",
        "%": "%",
        **dict.fromkeys("xyz", display),
        **dict.fromkeys("XYZ", str(int(value.timestamp()))),
        "w": "-",
        "W": "0",
    }
    charge(len(form) + form.count("%") * len(path))
    pieces: list[str] = []
    index = 0
    while (mark := form.find("%", index)) >= 0:
        letter = form[mark + 1 : mark + 2]
        pieces += [form[index:mark], fields.get(letter, "?")]
        index = mark + 2
    return "".join([*pieces, form[index:]]).replace("\\n", "\n").replace("\\t", "\t")


def _kind(status: Status) -> str:
    if status.directory:
        return "directory"
    return "regular file" if status.size else "regular empty file"


def _described(path: str, status: Status, links: int) -> str:
    value = moment(status.modified)
    display = f"{value:%Y-%m-%d %H:%M:%S}.000000000 +0000"
    number = "0" if status.owner == "root" else "1000"
    name = status.owner.rjust(8)
    return (
        f"  File: {path}\n"
        f"  Size: {status.size:<10}\tBlocks: {status.blocks // 512:<10} IO Block: 4096   "
        f"{_kind(status)}\n"
        f"Device: 8,1\tInode: {inode(path):<11} Links: {links}\n"
        f"Access: (0{status.mode:o}/{mode_text(status)})  Uid: ({number:>5}/{name})   "
        f"Gid: ({number:>5}/{name})\n"
        f"Access: {display}\nModify: {display}\nChange: {display}\n Birth: -\n"
    )


PROGRAMS: dict[str, Program] = {"ls": _ls, "dir": _ls, "stat": _stat}
