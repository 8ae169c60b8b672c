"""systemctl and journalctl, on the simulated services of a host."""

from __future__ import annotations

from datetime import timedelta

from allegiance.terminal.call import Call, Program
from allegiance.terminal.files import FileError
from allegiance.terminal.options import Options
from allegiance.terminal.programs._dates import now
from allegiance.terminal.programs._units import pid_of, print_logs, units_on

_OPTIONS = (
    "a,all t,type= state= q,quiet no-pager l,full n,lines= o,output= now p,property= "
    "user system f,force no-legend plain value s,signal= r failed"
)
_UP = timedelta(days=3)

_REFUSED = (
    *("daemon-reload", "reset-failed", "start", "restart", "enable", "disable", "reload"),
    *("mask", "unmask", "edit", "set-property", "try-restart"),
)


def _systemctl(call: Call) -> int:
    options = call.options(_OPTIONS)
    task, *names = options.operands or ["list-units"]
    units = [name.removesuffix(".service") for name in names]
    if task in ("list-units", "list-unit-files"):
        return _list(call, options, files=task == "list-unit-files")
    if task in _REFUSED:
        return _refused(call, task, units)
    if task in _TASKS:
        if not units and task != "status":
            return call.error("Too few arguments.")
        return _TASKS[task](call, options, units)
    call.shell.complain(f"Unknown command verb {task}.")
    return 1


def _state(call: Call, unit: str) -> str | None:
    """Return the status of an agent, or None if the host has no such unit."""
    world = call.files.world
    return world.agents[unit] if unit in units_on(world, call.shell.host) else None


def _list(call: Call, options: Options, *, files: bool) -> int:
    world = call.files.world
    units = units_on(world, call.shell.host)
    if files:
        rows = [["UNIT FILE", "STATE", "PRESET"]]
        rows += [[f"{unit}.service", "enabled", "enabled"] for unit in units]
    else:
        every = options.has("a")
        display = [u for u in units if every or world.agents[u] == "running"]
        rows = [["  UNIT", "LOAD", "ACTIVE", "SUB", "DESCRIPTION"]]
        for unit in display:
            state = (
                ["active", "running"] if world.agents[unit] == "running" else ["inactive", "dead"]
            )
            rows.append([f"  {unit}.service", "loaded", *state, f"{unit} agent"])
    if options.has("no-legend"):
        rows = rows[1:]
    for row in _aligned(rows):
        call.print(f"{row}\n")
    count = len(rows) - 1
    if not options.has("no-legend"):
        what = "unit files" if files else "loaded units"
        call.print(f"\n{count} {what} listed.\n")
    return 0


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))] if rows else []
    return [
        " ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _status(call: Call, options: Options, units: list[str]) -> int:
    if not units:
        call.print(f"\u25cf {call.shell.host}\n    State: running\n")
        return 0
    code = 0
    for index, unit in enumerate(units):
        state = _state(call, unit)
        if state is None:
            call.shell.complain(f"Unit {unit}.service could not be found.")
            code = 4
            continue
        call.print("\n" * (index > 0) + _described(call, unit, state))
        code = code or (0 if state == "running" else 3)
    return code


def _described(call: Call, unit: str, state: str) -> str:
    world = call.files.world
    dot = "\u25cf" if state == "running" else "\u25cb"
    path = f"/etc/systemd/system/{unit}.service"
    text = (
        f"{dot} {unit}.service - {unit} agent\n"
        f"     Loaded: loaded ({path}; enabled; preset: enabled)\n"
    )
    if state == "running":
        since = now(world) - _UP
        return text + (
            f"     Active: active (running) since {since:%a %Y-%m-%d %H:%M:%S} UTC; 3 days ago\n"
            f"   Main PID: {pid_of(world, unit)} (agentd)\n"
        )
    text += "     Active: inactive (dead)\n"
    return text + f"TriggeredBy: \u25cf {unit}.timer\n" if state == "scheduled" else text


def _is_active(call: Call, options: Options, units: list[str]) -> int:
    states = [_state(call, unit) for unit in units]
    if not options.has("q"):
        call.print("".join("active\n" if s == "running" else "inactive\n" for s in states))
    return 0 if "running" in states else 3


def _is_enabled(call: Call, options: Options, units: list[str]) -> int:
    code = 0
    for unit in units:
        if _state(call, unit) is None:
            call.shell.complain(
                f"Failed to get unit file state for {unit}.service: No such file or directory"
            )
            code = 1
        else:
            call.print("enabled\n")
    return code


def _stop(call: Call, options: Options, units: list[str]) -> int:
    task = options.operands[0]
    code = 0
    for unit in units:
        state = _state(call, unit)
        if state is None:
            call.shell.complain(f"Failed to {task} {unit}.service: Unit {unit}.service not loaded.")
            code = 5
        elif state != "stopped":
            try:
                call.files.stop(call.shell.host, unit)
            except FileError:
                call.shell.complain(f"Failed to {task} {unit}.service: Access denied")
                code = 4
    return code


def _show(call: Call, options: Options, units: list[str]) -> int:
    for unit in units:
        state = _state(call, unit)
        values = {
            "Id": f"{unit}.service",
            "LoadState": "loaded" if state else "not-found",
            "ActiveState": "active" if state == "running" else "inactive",
            "SubState": "running" if state == "running" else "dead",
            "MainPID": str(pid_of(call.files.world, unit)) if state == "running" else "0",
        }
        wanted = ",".join(options.all("p")).split(",") if options.has("p") else list(values)
        for name in wanted:
            if name in values:
                call.print(
                    f"{values[name]}\n" if options.has("value") else f"{name}={values[name]}\n"
                )
    return 0


def _cat(call: Call, options: Options, units: list[str]) -> int:
    code = 0
    for unit in units:
        path = f"/etc/systemd/system/{unit}.service"
        if _state(call, unit) is None:
            call.shell.complain(f"No files found for {unit}.service.")
            code = 1
            continue
        call.print(
            f"# {path}\n[Unit]\nDescription={unit} agent\n\n[Service]\nUser=ops\n"
            f"ExecStart=/usr/local/bin/agentd --unit {unit}\n\n[Install]\n"
            "WantedBy=multi-user.target\n"
        )
    return code


_TASKS = {
    "status": _status,
    "is-active": _is_active,
    "is-enabled": _is_enabled,
    "stop": _stop,
    "kill": _stop,
    "show": _show,
    "cat": _cat,
}


def _refused(call: Call, task: str, units: list[str]) -> int:
    """Refuse what would start or configure a unit: the account may only look and stop."""
    for unit in units:
        if _state(call, unit) is None:
            call.shell.complain(f"Failed to {task} {unit}.service: Unit {unit}.service not found.")
            return 5
    name = f"{units[0]}.service" if units else "manager"
    call.shell.complain(f"Failed to {task} {name}: Interactive authentication required.")
    return 4


def _service(call: Call) -> int:
    if len(call.args) < 2:
        call.shell.complain(
            "Usage: service < option > | --status-all | [ service_name [ command ] ]"
        )
        return 1
    unit, task = call.args[0], call.args[1]
    return _systemctl(Call(call.shell, "systemctl", [task, unit]))


def _journalctl(call: Call) -> int:
    options = call.options(
        "u,unit= n,lines= f,follow no-pager e x r since= until= b=? o= k p= q S= U= a"
    )
    lines = options.number("n", -1, "invalid number of lines") if options.has("n") else -1
    units = [u.removesuffix(".service") for u in options.all("u")]
    units = units or units_on(call.files.world, call.shell.host)
    for unit in units:
        print_logs(call, unit, lines)
    return 0


PROGRAMS: dict[str, Program] = {
    "systemctl": _systemctl,
    "service": _service,
    "journalctl": _journalctl,
}
