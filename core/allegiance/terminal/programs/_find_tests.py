"""The tests and actions of find."""

from __future__ import annotations

from allegiance.reading import reads_text
from allegiance.shell.budget import charge
from allegiance.terminal.files import MISSING, FileError, Status, base
from allegiance.terminal.globs import matches
from allegiance.terminal.options import UsageError
from allegiance.terminal.programs._dates import moment, now
from allegiance.terminal.programs._find_parser import Finder, Item, Predicate, Test
from allegiance.terminal.programs.listing import inode, mode_text
from allegiance.terminal.regex import Regex

_UNITS = {"c": 1, "w": 2, "b": 512, "k": 1024, "M": 1024**2, "G": 1024**3}
_IGNORED = ("-L", "-H", "-P", "-xdev", "-mount", "-depth", "-noleaf", "-follow")


def _name(finder: Finder, token: str) -> Test:
    glob = finder.value(token)
    if token == "-iname":
        return lambda item: matches(base(item.path.rstrip("/")).lower(), glob.lower())
    return lambda item: matches(base(item.path.rstrip("/")) or "/", glob)


def _path(finder: Finder, token: str) -> Test:
    glob = finder.value(token)
    if token == "-ipath":
        return lambda item: matches(item.path.lower(), glob.lower())
    return lambda item: matches(item.path, glob)


def _regex(finder: Finder, token: str) -> Test:
    regex = Regex(f"^\\({finder.value(token)}\\)$", fold=token == "-iregex")
    return lambda item: regex.matches(item.path)


def _type(finder: Finder, token: str) -> Test:
    kinds = finder.value(token).split(",")
    for kind in kinds:
        if kind not in tuple("bcdpflsD"):
            raise UsageError(f"Unknown argument to -type: {kind}")
    return lambda item: ("d" if item.status.directory else "f") in kinds


def compared(text: str, what: str) -> tuple[str, int]:
    """Split ``+3`` into its sign and its number."""
    sign = text[:1] if text[:1] in "+-" else ""
    digits = text[len(sign) :]
    if not digits.isascii() or not digits.isdigit() or len(digits) > 15:
        raise UsageError(f"invalid argument `{text}' to `{what}'")
    return sign, int(digits)


def _holds(sign: str, value: int, number: int) -> bool:
    return value > number if sign == "+" else value < number if sign == "-" else value == number


def _size(finder: Finder, token: str) -> Test:
    text = finder.value(token)
    unit = _UNITS.get(text[-1:], 512)
    sign, number = compared(text[:-1] if text[-1:] in _UNITS else text, token)
    return lambda item: _holds(sign, -(-item.status.size // unit), number)


def _age(finder: Finder, token: str) -> Test:
    sign, number = compared(finder.value(token), token)
    unit = 86_400 if token.endswith("time") else 60
    today = now(finder.call.files.world)

    def test(item: Item) -> bool:
        seconds = (today - moment(item.status.modified)).total_seconds()
        return _holds(sign, int(seconds // unit), number)

    return test


def _newer(finder: Finder, token: str) -> Test:
    path = finder.value(token)
    if token == "-newermt":
        date = moment(path)
        return lambda item: moment(item.status.modified) > date
    status = finder.call.status(path)
    if status is None:
        raise UsageError(f"'{path}': {MISSING}")
    bound = moment(status.modified)
    return lambda item: moment(item.status.modified) > bound


def _owner(finder: Finder, token: str) -> Test:
    name = finder.value(token)
    return lambda item: item.status.owner == name


def _empty(finder: Finder, token: str) -> Test:
    def test(item: Item) -> bool:
        if item.status.directory:
            return not finder.call.files.names(finder.call.place(item.path))
        return item.status.size == 0

    return test


def _limit(finder: Finder, token: str) -> Test:
    number = finder.number(token)
    if token == "-maxdepth":
        finder.most = number
    else:
        finder.least = number
    return lambda item: True


def _flag(finder: Finder, token: str) -> Test:
    finder.depth_first = finder.depth_first or token == "-depth"
    return lambda item: token != "-false"


def _prune(finder: Finder, token: str) -> Test:
    def test(item: Item) -> bool:
        finder.pruned = True
        return True

    return test


def _quit(finder: Finder, token: str) -> Test:
    def test(item: Item) -> bool:
        finder.over = True
        return True

    finder.acts = True
    return test


def show(finder: Finder, token: str) -> Test:
    finder.acts = True
    form = {"-print": "%p\n", "-print0": "%p\0", "-ls": _LS}.get(token)
    text = finder.value(token) if form is None else form

    def test(item: Item) -> bool:
        finder.call.print(_formatted(text, item))
        return True

    return test


_LS = "%i %k %M %n %u %g %s %t %p\\n"


@reads_text("%p", "%", "\\n", "%T", "a", limit=None)
def _formatted(form: str, item: Item | None = None) -> str:
    if item is None:
        item = Item("a", "a", 0, Status(False, 0, "", "root"))
    value = moment(item.status.modified)
    fields = {
        "p": item.path,
        "f": base(item.path.rstrip("/")) or "/",
        "h": item.path.rpartition("/")[0] or ".",
        "P": item.path[len(item.start) :].lstrip("/"),
        "s": str(item.status.size),
        "k": str(item.status.blocks // 1024),
        "b": str(item.status.blocks // 512),
        "d": str(item.depth),
        "y": "d" if item.status.directory else "f",
        "m": f"{item.status.mode:o}",
        "M": mode_text(item.status),
        "u": item.status.owner,
        "g": item.status.owner,
        "i": str(inode(item.path)),
        "n": "1",
        "t": f"{value:%a %b} {value.day:2} {value:%H:%M:%S}.0000000000 {value.year}",
        "%": "%",
    }
    charge(len(form) + form.count("%") * len(item.path))
    pieces: list[str] = []
    index = 0
    while index < len(form):
        char = form[index]
        if char == "%" and form[index + 1 : index + 2] in ("T", "A", "C"):
            pieces.append(_time(form[index + 2 : index + 3], value.timestamp(), f"{value:%F %T}"))
            index += 3
        elif char in "%\\":
            letter = form[index + 1 : index + 2]
            table = fields if char == "%" else _ESCAPES
            pieces.append(table.get(letter, char + letter))
            index += 2
        else:
            pieces.append(char)
            index += 1
    return "".join(pieces)


_ESCAPES = {"n": "\n", "t": "\t", "0": "\0", "\\": "\\"}


def _time(letter: str, seconds: float, display: str) -> str:
    date, _, clock = display.partition(" ")
    year, month, day = date.split("-")
    table = {"@": f"{seconds:.10f}", "Y": year, "m": month, "d": day, "F": date}
    table |= {"T": f"{clock}.0000000000", "+": f"{date}+{clock}.0000000000", "H": clock[:2]}
    return table.get(letter, "")


def _delete(finder: Finder, token: str) -> Test:
    finder.acts = finder.depth_first = True

    def test(item: Item) -> bool:
        try:
            finder.call.files.remove(finder.call.place(item.path))
        except FileError as error:
            finder.code = finder.call.error(f"cannot delete '{item.path}': {error}")
            return False
        return True

    return test


def _exec(finder: Finder, token: str) -> Test:
    finder.acts = True
    words: list[str] = []
    batch: tuple[list[str], list[str]] = ([], [])
    while (word := finder.value(token)) != ";":
        if word == "+" and words[-1:] == ["{}"]:
            batch[0].extend(words[:-1])
            finder.batches.append(batch)

            def later(item: Item) -> bool:
                batch[1].append(item.path)
                return True

            return later
        words.append(word)

    def test(item: Item) -> bool:
        filled = [word.replace("{}", item.path) for word in words]
        return finder.call.shell.run(filled) == 0

    return test


PREDICATES: dict[str, Predicate] = {
    **dict.fromkeys(("-name", "-iname"), _name),
    **dict.fromkeys(("-path", "-wholename", "-ipath"), _path),
    **dict.fromkeys(("-regex", "-iregex"), _regex),
    "-type": _type,
    "-size": _size,
    **dict.fromkeys(("-mtime", "-ctime", "-atime", "-mmin", "-cmin", "-amin"), _age),
    **dict.fromkeys(("-newer", "-newermt"), _newer),
    **dict.fromkeys(("-user", "-group"), _owner),
    "-empty": _empty,
    **dict.fromkeys(("-maxdepth", "-mindepth"), _limit),
    **dict.fromkeys((*_IGNORED, "-true", "-false"), _flag),
    "-prune": _prune,
    "-quit": _quit,
    **dict.fromkeys(("-print", "-print0", "-printf", "-ls"), show),
    "-delete": _delete,
    **dict.fromkeys(("-exec", "-execdir", "-ok"), _exec),
}
