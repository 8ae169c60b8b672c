"""du and df."""

from __future__ import annotations

from collections.abc import Callable

from allegiance.terminal.call import Call, Program
from allegiance.terminal.files import MISSING, inside
from allegiance.terminal.options import Options, UsageError
from allegiance.terminal.programs._text import count_of, human

_UNITS = {"b": 1, "k": 1024, "m": 1024**2}
_DEEPEST = 10_000


def _du(call: Call) -> int:
    options = call.options(
        "s,summarize h,human-readable b,bytes a,all c,total k m d,max-depth= apparent-size "
        "x S B,block-size= 0 exclude= si"
    )
    depth = 0 if options.has("s") else options.number("d", _DEEPEST, "invalid maximum depth")
    size = _shown_size(options)
    apparent = options.has("b", "apparent-size")
    total, code = 0, 0
    counted: set[str] = set()
    for path in options.operands or ["."]:
        if call.status(path) is None:
            code = call.error(f"cannot access '{path}': {MISSING}")
            continue
        if call.place(path) in counted:
            continue
        rows = _Rows(call, options, apparent=apparent, depth=depth, counted=counted)
        total += rows.add(path, 0)
        for name, amount in rows.rows:
            call.print(f"{size(amount)}\t{name}\n")
    if options.has("c"):
        call.print(f"{size(total)}\ttotal\n")
    return code


def _shown_size(options: Options) -> Callable[[int], str]:
    kind = options.last("h", "b", "k", "m", "B")
    if kind == "h":
        return human
    unit = _UNITS.get(kind, 1024)
    if kind == "B":
        value = options.get("B")
        number = count_of(value if value[:1].isdigit() else f"1{value}")
        if not number:
            raise UsageError(f"invalid -B argument '{value}'")
        unit = number
    return lambda amount: str(-(-amount // unit))


class _Rows:
    """Adds up directories, the innermost first."""

    def __init__(
        self, call: Call, options: Options, *, apparent: bool, depth: int, counted: set[str]
    ) -> None:
        self.call = call
        self.every = options.has("a")
        self.apparent = apparent
        self.depth = depth
        self.counted = counted
        self.rows: list[tuple[str, int]] = []

    def add(self, path: str, level: int) -> int:
        """Add a file or directory and return its size."""
        place = self.call.place(path)
        status = self.call.files.status(place)
        if status is None or place in self.counted:
            return 0
        self.counted.add(place)
        amount = status.size if self.apparent else status.blocks
        if status.directory:
            for name in self.call.files.names(place):
                amount += self.add(inside(path, name), level + 1)
        if level <= self.depth and (status.directory or self.every or level == 0):
            self.rows.append((path, amount))
        return amount


def _df(call: Call) -> int:
    options = call.options(
        "h,human-readable H,si k m T,print-type a,all P,portability l,local t,type= x= "
        "B,block-size= i,inodes total output=? sync"
    )
    for path in options.operands:
        if call.status(path) is None:
            return call.error(f"{path}: {MISSING}")
    world, host = call.files.world, call.shell.host
    capacity, used = world.hosts[host].capacity, world.used(host)
    free = max(capacity - used, 0)
    percent = f"{-(-100 * used // max(used + free, 1))}%"
    size, title = _df_size(options)
    kind = ["ext4"] if options.has("T") else []
    names = ["Type"] if options.has("T") else []
    available = "Available" if title.endswith("blocks") else "Avail"
    head = ["Filesystem", *names, title, "Used", available, "Use%", "Mounted on"]
    row = ["/dev/sda1", *kind, size(capacity), size(used), size(free), percent, "/"]
    least = [14, *([4] if kind else []), 5, 5, 5, 4, 0]
    left = 1 + len(kind)
    for cells in (head, row):
        padded = [
            cell.ljust(max(width, len(head[i]), len(row[i])))
            if i < left
            else cell.rjust(max(width, len(head[i]), len(row[i])))
            for i, (cell, width) in enumerate(zip(cells, least, strict=True))
        ]
        call.print(" ".join([*padded[:-1], cells[-1]]) + "\n")
    return 0


def _df_size(options: Options) -> tuple[Callable[[int], str], str]:
    """Return how sizes are shown, and the title of their column."""
    kind = options.last("h", "H", "k", "m")
    if kind in ("h", "H"):
        return (lambda size: human(size, 1024 if kind == "h" else 1000)), "Size"
    if kind == "m":
        return (lambda size: str(-(-size // 1024**2))), "1M-blocks"
    return (lambda size: str(-(-size // 1024))), "1K-blocks"


PROGRAMS: dict[str, Program] = {"du": _du, "df": _df}
