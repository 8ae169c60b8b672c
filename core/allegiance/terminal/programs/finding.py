"""find."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from allegiance.reading import reads_text
from allegiance.shell.budget import charge
from allegiance.terminal.call import Call, Program
from allegiance.terminal.files import MISSING, FileError, Status, base, inside
from allegiance.terminal.globs import matches
from allegiance.terminal.options import UsageError
from allegiance.terminal.programs._dates import moment, now
from allegiance.terminal.programs.listing import inode, mode_text
from allegiance.terminal.regex import Regex

_NESTED, _DEEPEST = 40, 1000
_UNITS = {"c": 1, "w": 2, "b": 512, "k": 1024, "M": 1024**2, "G": 1024**3}
_IGNORED = ("-L", "-H", "-P", "-xdev", "-mount", "-depth", "-noleaf", "-follow")


@dataclass
class _Item:
    """A file that the search has come to."""

    path: str
    start: str
    depth: int
    status: Status


_Test: TypeAlias = Callable[[_Item], bool]


@dataclass
class _Finder:
    """One call of find, parsed."""

    call: Call
    tokens: list[str]
    index: int = 0
    least: int = 0
    most: int = _DEEPEST
    depth_first: bool = False
    acts: bool = False
    pruned: bool = False
    over: bool = False
    nested: int = 0
    code: int = 0
    batches: list[tuple[list[str], list[str]]] = field(default_factory=list)

    def value(self, name: str) -> str:
        """Return the argument of a predicate."""
        if self.index >= len(self.tokens):
            raise UsageError(f"missing argument to `{name}'")
        self.index += 1
        return self.tokens[self.index - 1]

    def number(self, name: str) -> int:
        """Return the argument of a predicate that is a number."""
        text = self.value(name)
        if not text.isascii() or not text.isdigit() or len(text) > 9:
            raise UsageError(
                f"Expected a positive decimal integer argument to {name}, but got '{text}'"
            )
        return int(text)

    def either(self) -> _Test:
        """Parse alternatives."""
        tests = [self.every()]
        while self.index < len(self.tokens) and self.tokens[self.index] in ("-o", "-or", ","):
            self.index += 1
            tests.append(self.every())
        return tests[0] if len(tests) == 1 else lambda item: any(t(item) for t in tests)

    def every(self) -> _Test:
        """Parse tests that must all hold."""
        tests: list[_Test] = []
        while self.index < len(self.tokens) and self.tokens[self.index] not in ("-o", "-or", ")"):
            if self.tokens[self.index] in ("-a", "-and"):
                self.index += 1
                continue
            tests.append(self.primary())
        return lambda item: all(t(item) for t in tests)

    def primary(self) -> _Test:
        """Parse one test."""
        token = self.tokens[self.index]
        self.index += 1
        if token in ("!", "-not"):
            if self.index >= len(self.tokens):
                raise UsageError(f"expected an expression after '{token}'")
            self.nested += 1
            if self.nested > _NESTED:
                raise UsageError("expression nests too deep")
            inner = self.primary()
            return lambda item: not inner(item)
        if token == "(":
            self.nested += 1
            if self.nested > _NESTED:
                raise UsageError("expression nests too deep")
            inner = self.either()
            if self.value("(") != ")":
                raise UsageError("invalid expression")
            return inner
        return _PREDICATES.get(token, _unknown)(self, token)


def _unknown(finder: _Finder, token: str) -> _Test:
    if token.startswith("-"):
        raise UsageError(f"unknown predicate `{token}'")
    raise UsageError(f"paths must precede expression: `{token}'")


def _name(finder: _Finder, token: str) -> _Test:
    glob = finder.value(token)
    if token == "-iname":
        return lambda item: matches(base(item.path.rstrip("/")).lower(), glob.lower())
    return lambda item: matches(base(item.path.rstrip("/")) or "/", glob)


def _path(finder: _Finder, token: str) -> _Test:
    glob = finder.value(token)
    if token == "-ipath":
        return lambda item: matches(item.path.lower(), glob.lower())
    return lambda item: matches(item.path, glob)


def _regex(finder: _Finder, token: str) -> _Test:
    regex = Regex(f"^\\({finder.value(token)}\\)$", fold=token == "-iregex")
    return lambda item: regex.matches(item.path)


def _type(finder: _Finder, token: str) -> _Test:
    kinds = finder.value(token).split(",")
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


def _size(finder: _Finder, token: str) -> _Test:
    text = finder.value(token)
    unit = _UNITS.get(text[-1:], 512)
    sign, number = compared(text[:-1] if text[-1:] in _UNITS else text, token)
    return lambda item: _holds(sign, -(-item.status.size // unit), number)


def _age(finder: _Finder, token: str) -> _Test:
    sign, number = compared(finder.value(token), token)
    unit = 86_400 if token.endswith("time") else 60
    today = now(finder.call.files.world)

    def test(item: _Item) -> bool:
        seconds = (today - moment(item.status.modified)).total_seconds()
        return _holds(sign, int(seconds // unit), number)

    return test


def _newer(finder: _Finder, token: str) -> _Test:
    path = finder.value(token)
    status = finder.call.status(path)
    if status is None:
        raise UsageError(f"'{path}': {MISSING}")
    bound = moment(status.modified)
    return lambda item: moment(item.status.modified) > bound


def _owner(finder: _Finder, token: str) -> _Test:
    name = finder.value(token)
    return lambda item: item.status.owner == name


def _empty(finder: _Finder, token: str) -> _Test:
    def test(item: _Item) -> bool:
        if item.status.directory:
            return not finder.call.files.names(finder.call.place(item.path))
        return item.status.size == 0

    return test


def _limit(finder: _Finder, token: str) -> _Test:
    number = finder.number(token)
    if token == "-maxdepth":
        finder.most = number
    else:
        finder.least = number
    return lambda item: True


def _flag(finder: _Finder, token: str) -> _Test:
    finder.depth_first = finder.depth_first or token == "-depth"
    return lambda item: token != "-false"


def _prune(finder: _Finder, token: str) -> _Test:
    def test(item: _Item) -> bool:
        finder.pruned = True
        return True

    return test


def _quit(finder: _Finder, token: str) -> _Test:
    def test(item: _Item) -> bool:
        finder.over = True
        return True

    finder.acts = True
    return test


def _print(finder: _Finder, token: str) -> _Test:
    finder.acts = True
    form = {"-print": "%p\n", "-print0": "%p\0", "-ls": _LS}.get(token)
    text = finder.value(token) if form is None else form

    def test(item: _Item) -> bool:
        finder.call.print(_formatted(text, item))
        return True

    return test


_LS = "%i %k %M %n %u %g %s %t %p\\n"


@reads_text("%p", "%", "\\n", "%T", "a", limit=None)
def _formatted(form: str, item: _Item | None = None) -> str:
    if item is None:
        item = _Item("a", "a", 0, Status(False, 0, "", "root"))
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


def _time(letter: str, seconds: float, shown: str) -> str:
    date, _, clock = shown.partition(" ")
    year, month, day = date.split("-")
    table = {"@": f"{seconds:.10f}", "Y": year, "m": month, "d": day, "F": date}
    table |= {"T": f"{clock}.0000000000", "+": f"{date}+{clock}.0000000000", "H": clock[:2]}
    return table.get(letter, "")


def _delete(finder: _Finder, token: str) -> _Test:
    finder.acts = finder.depth_first = True

    def test(item: _Item) -> bool:
        try:
            finder.call.files.remove(finder.call.place(item.path))
        except FileError as error:
            finder.code = finder.call.error(f"cannot delete '{item.path}': {error}")
            return False
        return True

    return test


def _exec(finder: _Finder, token: str) -> _Test:
    finder.acts = True
    words: list[str] = []
    while (word := finder.value(token)) != ";":
        if word == "+" and words[-1:] == ["{}"]:
            batch: tuple[list[str], list[str]] = (words[:-1], [])
            finder.batches.append(batch)

            def later(item: _Item) -> bool:
                batch[1].append(item.path)
                return True

            return later
        words.append(word)

    def test(item: _Item) -> bool:
        filled = [word.replace("{}", item.path) for word in words]
        return finder.call.shell.run(filled) == 0

    return test


_PREDICATES: dict[str, Callable[[_Finder, str], _Test]] = {
    **dict.fromkeys(("-name", "-iname"), _name),
    **dict.fromkeys(("-path", "-wholename", "-ipath"), _path),
    **dict.fromkeys(("-regex", "-iregex"), _regex),
    "-type": _type,
    "-size": _size,
    **dict.fromkeys(("-mtime", "-ctime", "-atime", "-mmin", "-cmin", "-amin"), _age),
    "-newer": _newer,
    **dict.fromkeys(("-user", "-group"), _owner),
    "-empty": _empty,
    **dict.fromkeys(("-maxdepth", "-mindepth"), _limit),
    **dict.fromkeys((*_IGNORED, "-true", "-false"), _flag),
    "-prune": _prune,
    "-quit": _quit,
    **dict.fromkeys(("-print", "-print0", "-printf", "-ls"), _print),
    "-delete": _delete,
    **dict.fromkeys(("-exec", "-execdir", "-ok"), _exec),
}


def _find(call: Call) -> int:
    args = [arg for arg in call.args if arg not in ("-L", "-H", "-P")]
    count = next((i for i, a in enumerate(args) if a.startswith("-") or a in ("(", "!")), len(args))
    finder = _Finder(call, args[count:])
    test = finder.either() if finder.tokens else lambda item: True
    if finder.index < len(finder.tokens):
        raise UsageError(f"paths must precede expression: `{finder.tokens[finder.index]}'")
    if not finder.acts:
        inner, show = test, _print(finder, "-print")
        test = lambda item: inner(item) and show(item)  # noqa: E731
    for path in args[:count] or ["."]:
        status = call.status(path)
        if status is None:
            finder.code = call.error(f"'{path}': {MISSING}")
            continue
        _visit(finder, test, _Item(path, path, 0, status))
    for words, paths in finder.batches:
        if paths:
            call.shell.run([*words, *paths])
    return finder.code


def _visit(finder: _Finder, test: _Test, item: _Item) -> None:
    """Test a file, and what is in it if it is a directory."""
    if finder.over:
        return
    charge(len(item.path), 1)
    finder.pruned = False
    chosen = item.depth >= finder.least
    if chosen and not finder.depth_first:
        test(item)
    if item.status.directory and item.depth < finder.most and not finder.pruned:
        _children(finder, test, item)
    if chosen and finder.depth_first and not finder.over:
        test(item)


def _children(finder: _Finder, test: _Test, item: _Item) -> None:
    call = finder.call
    try:
        names: Sequence[str] = call.files.names(call.place(item.path))
    except FileError:
        return  # removed by the command
    for name in names:
        path = inside(item.path, name)
        status = call.files.status(call.place(path))
        if status is not None:
            _visit(finder, test, _Item(path, item.start, item.depth + 1, status))


PROGRAMS: dict[str, Program] = {"find": _find}
