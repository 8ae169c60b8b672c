"""Programs that say what something is: pwd, hostname, date, whoami, sha256sum and more."""

from __future__ import annotations

import hashlib
import posixpath
from datetime import datetime, timedelta

from allegiance.reading import reads_text
from allegiance.shell.budget import charge
from allegiance.terminal.call import Call, Program
from allegiance.terminal.files import MISSING, FileError
from allegiance.terminal.options import UsageError
from allegiance.terminal.programs._dates import moment, now
from allegiance.terminal.programs._text import bare_lines

_UNITS = {
    "second": 1,
    "sec": 1,
    "minute": 60,
    "min": 60,
    "hour": 3600,
    "day": 86_400,
    "week": 604_800,
    "month": 2_592_000,
    "year": 31_536_000,
}


def _pwd(call: Call) -> int:
    call.print(f"{call.shell.cwd}\n")
    return 0


def _hostname(call: Call) -> int:
    options = call.options("f,fqdn,long s,short i,ip-address I,all-ip-addresses d,domain A")
    if options.has("i", "I"):
        number = 10 + sorted(call.files.world.hosts).index(call.shell.host)
        call.print(f"10.0.0.{number}\n")
    else:
        call.print(f"{call.shell.host}\n" if not options.has("d") else "\n")
    return 0


def _whoami(call: Call) -> int:
    call.print(f"{call.files.account}\n")
    return 0


def _id(call: Call) -> int:
    options = call.options("u,user g,group n,name G,groups r")
    name = call.files.account
    if options.has("u", "g", "G"):
        call.print(f"{name}\n" if options.has("n") else "1000\n")
    else:
        call.print(f"uid=1000({name}) gid=1000({name}) groups=1000({name})\n")
    return 0


def _date(call: Call) -> int:
    options = call.options("u,utc,universal d,date= I,iso-8601=? R,rfc-email s,set= r,reference=")
    if options.has("s"):
        return call.error("cannot set date: Operation not permitted")
    value = now(call.files.world)
    if options.has("d"):
        other = _moved(options.get("d"), value)
        if other is None:
            return call.error(f"invalid date '{options.get('d')}'")
        value = other
    form = "%a %b %e %H:%M:%S %Z %Y"
    if options.has("I"):
        form = {"": "%Y-%m-%d", "seconds": "%Y-%m-%dT%H:%M:%S+00:00"}.get(options.get("I"), "%F")
    elif options.has("R"):
        form = "%a, %d %b %Y %H:%M:%S +0000"
    elif options.operands:
        if not options.operands[0].startswith("+"):
            return call.error(f"invalid date '{options.operands[0]}'")
        form = options.operands[0][1:]
    call.print(_formatted(form, value) + "\n")
    return 0


@reads_text("%Y", "%", "%s", "a", "%-d", limit=None)
def _formatted(form: str, value: datetime | None = None) -> str:
    """Return a date in a format of ``date``."""
    value = value or moment("1970-01-01")
    pieces: list[str] = []
    index = 0
    while (mark := form.find("%", index)) >= 0:
        letter = form[mark + 1 : mark + 2]
        bare = letter == "-"
        letter = form[mark + 2 : mark + 3] if bare else letter
        field = _field(letter, value)
        display = f"%{letter}" if field is None else field
        pieces += [form[index:mark], (display.lstrip("0") or "0") if bare else display]
        index = mark + 2 + bare
    return "".join([*pieces, form[index:]])


def _field(letter: str, value: datetime) -> str | None:
    """Return one field of a format, or None if there is none of that letter."""
    charge(8)
    if letter and letter in "aAbBdHIjmMpSuUwWyYV":
        return value.strftime(f"%{letter}")
    if letter in _PATTERNS:
        return value.strftime(_PATTERNS[letter])
    if letter == "e":
        return f"{value.day:2}"
    return str(int(value.timestamp())) if letter == "s" else _FIXED.get(letter)


_PATTERNS = {"F": "%Y-%m-%d", "T": "%H:%M:%S", "R": "%H:%M", "D": "%m/%d/%y", "h": "%b"}
_FIXED = {"Z": "UTC", "z": "+0000", "N": "000000000", "n": "\n", "t": "\t", "%": "%"}


@reads_text("1 day", "ago", "-", " ", "@1", limit=None)
def _moved(text: str, value: datetime | None = None) -> datetime | None:
    """Return the date that ``3 days ago``, ``yesterday`` or ``2026-01-02`` names, or None."""
    value = value or moment("1970-01-01")
    words = text.lower().split()
    days = {"now": 0, "today": 0, "yesterday": -1, "tomorrow": 1}
    if len(words) == 1 and words[0] in days:
        return value + timedelta(days=days[words[0]])
    if text.startswith("@") and text[1:].isascii() and text[1:].isdigit() and len(text) < 12:
        return moment("1970-01-01") + timedelta(seconds=int(text[1:]))
    if len(words) in (2, 3) and words[0].lstrip("+-").isdigit() and len(words[0]) < 6:
        unit = _UNITS.get(words[1].rstrip("s"))
        sign = -1 if words[2:] == ["ago"] else 1
        return None if unit is None else value + timedelta(seconds=sign * unit * int(words[0]))
    other = moment(text)
    return None if other.year == 1970 and not text.startswith("1970") else other


def _uname(call: Call) -> int:
    options = call.options("a,all s r n m v o p i")
    parts = {
        "s": "Linux",
        "n": call.shell.host,
        "r": "6.1.0-31-amd64",
        "v": "#1 SMP PREEMPT_DYNAMIC Debian 6.1.128-1 (2025-02-07)",
        "m": "x86_64",
        "o": "GNU/Linux",
    }
    selection = [v for k, v in parts.items() if options.has("a", k)]
    call.print(" ".join(selection or ["Linux"]) + "\n")
    return 0


def _checksum(call: Call) -> int:
    options = call.options("c,check quiet status b,binary t,text tag z w strict ignore-missing")
    kind = call.name.removesuffix("sum")
    if options.has("c"):
        return _checked(call, kind, options.operands or ["-"], quiet=options.has("quiet", "status"))
    code = 0
    for path in options.operands or ["-"]:
        try:
            text = call.content(path).text
        except FileError as error:
            code = call.error(f"{path}: {error}")
            continue
        digest = hashlib.new(kind, text.encode(), usedforsecurity=False).hexdigest()
        if options.has("tag"):
            call.print(f"{kind.upper()} ({path}) = {digest}\n")
        else:
            call.print(f"{digest} {'*' if options.has('b') else ' '}{path}\n")
    return code


def _checked(call: Call, kind: str, paths: list[str], *, quiet: bool) -> int:
    failed = missing = 0
    for path in paths:
        for line in bare_lines(call.read(path).text):
            digest, _, name = line.partition(" ")
            name = name[1:]
            try:
                text = call.content(name).text
            except FileError as error:
                missing += 1
                call.error(f"{name}: {error}")
                call.print(f"{name}: FAILED open or read\n")
                continue
            fine = hashlib.new(kind, text.encode(), usedforsecurity=False).hexdigest() == digest
            failed += not fine
            if not fine or not quiet:
                call.print(f"{name}: {'OK' if fine else 'FAILED'}\n")
    if missing:
        call.error(f"WARNING: {missing} listed file could not be read")
    if failed:
        call.error(f"WARNING: {failed} computed checksum did NOT match")
    return 1 if failed or missing else 0


def _basename(call: Call) -> int:
    options = call.options("a,multiple s,suffix= z")
    if not options.operands:
        raise UsageError("missing operand")
    several = options.has("a", "s")
    suffix = options.get("s")
    if not several and len(options.operands) == 2:
        suffix = options.operands.pop()
    for path in options.operands:
        last = posixpath.basename(path.rstrip("/")) or path[:1]
        if suffix and last != suffix:
            last = last.removesuffix(suffix)
        call.print(f"{last}\n")
    return 0


def _dirname(call: Call) -> int:
    for path in call.options("z").operands:
        head = posixpath.dirname(path.rstrip("/")) if path.strip("/") else "/"
        call.print(f"{head or '.'}\n")
    return 0


def _realpath(call: Call) -> int:
    options = call.options("f e m s,no-symlinks q n relative-to=")
    code = 0
    for path in options.operands:
        place = call.place(path)
        if call.name == "realpath" and not options.has("m") and call.status(path) is None:
            above = call.status(posixpath.dirname(path.rstrip("/")) or ".")
            if above is None or options.has("e"):
                code = call.error(f"{path}: {MISSING}")
                continue
        call.print(f"{place.partition(':')[2]}\n")
    return code


def _file(call: Call) -> int:
    options = call.options("b,brief i,mime L")
    for path in options.operands:
        status = call.status(path)
        if status is None:
            kind = f"cannot open `{path}' ({MISSING})"
        elif status.directory:
            kind = "directory"
        elif status.size == 0:
            kind = "empty"
        else:
            text = call.files.read(call.place(path))
            stand_in = status.size > 2 * len(text.encode())
            kind = "data" if stand_in or "\0" in text else "ASCII text"
            kind = kind if text.isascii() or kind == "data" else "Unicode text, UTF-8 text"
        call.print(f"{kind}\n" if options.has("b") else f"{path}: {kind}\n")
    return 0


def _uptime(call: Call) -> int:
    value = now(call.files.world)
    call.print(f" {value:%H:%M:%S} up 3 days,  2:14,  1 user,  load average: 0.21, 0.18, 0.12\n")
    return 0


_SUMS = ("md5sum", "sha1sum", "sha224sum", "sha256sum", "sha384sum", "sha512sum")

PROGRAMS: dict[str, Program] = {
    "pwd": _pwd,
    "hostname": _hostname,
    "whoami": _whoami,
    "id": _id,
    "date": _date,
    "uname": _uname,
    **dict.fromkeys(_SUMS, _checksum),
    "basename": _basename,
    "dirname": _dirname,
    "realpath": _realpath,
    "readlink": _realpath,
    "file": _file,
    "uptime": _uptime,
}
