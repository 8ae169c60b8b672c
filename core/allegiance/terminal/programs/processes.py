"""ps, pgrep, kill, pkill and killall."""

from __future__ import annotations

from collections.abc import Callable

from allegiance.terminal.call import Call, Program
from allegiance.terminal.files import FileError
from allegiance.terminal.options import UsageError
from allegiance.terminal.programs._dates import now
from allegiance.terminal.programs._units import Process, processes
from allegiance.terminal.regex import Regex

_COLUMNS: dict[str, tuple[str, Callable[[Process], str], str, int]] = {
    "pid": ("PID", lambda p: str(p.pid), ">", 7),
    "ppid": ("PPID", lambda p: "0" if p.pid == 1 else "1", ">", 7),
    "user": ("USER", lambda p: p.user, "<", 8),
    "uid": ("UID", lambda p: "0" if p.user == "root" else "1000", ">", 5),
    "comm": ("COMMAND", lambda p: p.name, "<", 15),
    "args": ("COMMAND", lambda p: p.command, "<", 27),
    "cmd": ("CMD", lambda p: p.command, "<", 27),
    "stat": ("STAT", lambda p: "Ss", "<", 4),
    "tty": ("TT", lambda p: "?", "<", 8),
    "time": ("TIME", lambda p: "00:00:00", ">", 8),
    "etime": ("ELAPSED", lambda p: "3-00:00:00", ">", 11),
    "pcpu": ("%CPU", lambda p: "0.0", ">", 4),
    "pmem": ("%MEM", lambda p: "0.0", ">", 4),
    "rss": ("RSS", lambda p: "9216", ">", 5),
}
_ALIASES = {"command": "args", "%cpu": "pcpu", "%mem": "pmem", "euser": "user", "ucmd": "comm"}


def _ps(call: Call) -> int:
    flags = "".join(a.lstrip("-") for a in call.args if not a.startswith("--"))
    bsd = call.args[:1] and not call.args[0].startswith("-")
    rows = processes(call)
    if bsd:
        return _bsd(call, rows, flags)
    options = call.options("e A f F l o,format= p,pid= u,user= U= C= a x w h,no-headers sort= j")
    if options.has("p"):
        numbers = options.get("p").replace(",", " ").split()
        rows = [row for row in rows if str(row.pid) in numbers]
    elif options.has("C"):
        rows = [row for row in rows if row.name == options.get("C")]
    elif options.has("u", "U"):
        name = options.get("u") or options.get("U")
        rows = [row for row in rows if row.user == name]
    elif not options.has("e", "A", "a", "x"):
        rows = rows[-2:]
    if options.has("o"):
        _columns(call, rows, ",".join(options.all("o")), headed=not options.has("h"))
    elif options.has("f", "F"):
        call.print("UID          PID    PPID  C STIME TTY          TIME CMD\n")
        for row in rows:
            above = 0 if row.pid == 1 else 4211 if row.pid > 4211 else 1
            call.print(
                f"{row.user:<8} {row.pid:>7} {above:>7}  0 {_start(call, row)} "
                f"{_tty(row):<8} 00:00:00 {row.command}\n"
            )
    else:
        call.print("    PID TTY          TIME CMD\n")
        for row in rows:
            call.print(f"{row.pid:>7} {_tty(row):<8} 00:00:00 {row.name}\n")
    return 0 if rows else 1


def _tty(row: Process) -> str:
    return "pts/0" if row.pid >= 4211 else "?"


def _start(call: Call, row: Process) -> str:
    value = now(call.files.world)
    return f"{value:%H:%M}" if row.pid >= 4211 else f"{value:%b%d}"


def _bsd(call: Call, rows: list[Process], flags: str) -> int:
    if "a" not in flags and "x" not in flags:
        rows = rows[-2:]
    if "u" in flags:
        call.print("USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n")
        for row in rows:
            display = "R+" if row.pid == 4212 else "Ss"
            call.print(
                f"{row.user:<8} {row.pid:>7}  0.0  0.0 {_memory(row):>6} {_memory(row) // 12:>5} "
                f"{_tty(row):<8} {display:<4} {_start(call, row)}   0:00 {row.command}\n"
            )
    else:
        call.print("    PID TTY      STAT   TIME COMMAND\n")
        for row in rows:
            display = "R+" if row.pid == 4212 else "Ss"
            call.print(f"{row.pid:>7} {_tty(row):<8} {display:<4}   0:00 {row.command}\n")
    return 0


def _memory(row: Process) -> int:
    return 412_880 if row.unit else 16_904


def _columns(call: Call, rows: list[Process], names: str, *, headed: bool) -> None:
    columns = []
    for item in names.replace(" ", ",").split(","):
        name, equals, title = item.partition("=")
        name = _ALIASES.get(name, name)
        if name not in _COLUMNS:
            raise UsageError(f'error: unknown user-defined format specifier "{name}"')
        head, show, side, width = _COLUMNS[name]
        columns.append((title if equals else head, show, side, width))
    table = [[head for head, *_ in columns]] if headed and any(h for h, *_ in columns) else []
    table += [[show(row) for _, show, *_ in columns] for row in rows]
    for cells in table:
        line = [f"{c:{side}{w}}" for c, (_, _, side, w) in zip(cells, columns, strict=True)]
        call.print(" ".join(line).rstrip() + "\n")


def _matching(call: Call, pattern: str, *, full: bool, exact: bool = False) -> list[Process]:
    regex = Regex(f"^({pattern})$" if exact else pattern, extended=True)
    rows = [row for row in processes(call) if row.pid != 4212]
    return [row for row in rows if regex.matches(row.command if full else row.name)]


def _pgrep(call: Call) -> int:
    options = call.options("f,full l,list-name a,list-full x,exact u= c,count n o i v d=")
    if not options.operands:
        raise UsageError("no matching criteria specified")
    rows = _matching(call, options.operands[0], full=options.has("f"), exact=options.has("x"))
    if options.has("c"):
        call.print(f"{len(rows)}\n")
    for row in rows if not options.has("c") else ():
        display = f" {row.command}" if options.has("a") else f" {row.name}" * options.has("l")
        call.print(f"{row.pid}{display}\n")
    return 0 if rows else 1


def _kill(call: Call) -> int:
    args = [a for a in call.args if not (a.startswith("-") and a != "--")]
    if call.args[:1] in (["-s"], ["-n"]):
        args = args[1:]
    if call.args[:1] == ["-l"]:
        call.print(" 1) SIGHUP\t 2) SIGINT\t 9) SIGKILL\t15) SIGTERM\n")
        return 0
    if not args:
        call.error("usage: kill [-s sigspec | -n signum | -sigspec] pid | jobspec ...")
        return 2
    only_asks = "-0" in call.args
    code = 0
    for arg in args:
        row = next((r for r in processes(call) if str(r.pid) == arg), None)
        if row is None:
            fine = arg.isdigit()
            what = f"({arg}) - No such process" if fine else f"{arg}: arguments must be process IDs"
            call.shell.complain(f"bash: kill: {what}")
            code = 1
        elif not only_asks:
            code = max(code, _ended(call, row, f"bash: kill: ({arg}) - Operation not permitted"))
    return code


def _ended(call: Call, row: Process, refusal: str) -> int:
    """End a process; return the exit code."""
    if row.pid >= 4211:
        return 0
    try:
        if not row.unit:
            raise FileError(refusal)
        call.files.stop(call.shell.host, row.unit)
    except FileError:
        call.shell.complain(refusal)
        return 1
    return 0


def _pkill(call: Call) -> int:
    args = [a for a in call.args if not (a[:1] == "-" and (a[1:].isdigit() or a[1:].isupper()))]
    call.args = args
    options = call.options("f,full x,exact u= signal= e n o i g,process-group s= q w")
    if not options.operands:
        raise UsageError("no matching criteria specified")
    exact = options.has("x") or call.name == "killall"
    rows = _matching(call, options.operands[0], full=options.has("f"), exact=exact)
    rows = [row for row in rows if row.pid < 4211]
    if not rows and call.name == "killall":
        return call.error(f"{options.operands[0]}: no process found".removeprefix("killall: "))
    denied = "killing pid {} failed: Operation not permitted"
    codes = [_ended(call, row, f"{call.name}: {denied.format(row.pid)}") for row in rows]
    return 0 if rows and not all(codes) else 1


PROGRAMS: dict[str, Program] = {
    "ps": _ps,
    "pgrep": _pgrep,
    "kill": _kill,
    "pkill": _pkill,
    "killall": _pkill,
}
