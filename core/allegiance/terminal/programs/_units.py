"""The simulated services: the agents of the world, as processes, units, pods and containers.

An agent runs on the hosts that have a file whose path names it, and on every host if none does.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from allegiance.terminal.call import Call
from allegiance.trace.paths import split
from allegiance.world.state import World

_FIRST_PID, _STEP = 2118, 37


@dataclass(frozen=True)
class Process:
    """A process of a host.

    Attributes:
        pid: Its number.
        user: Whose it is.
        command: Its command line.
        unit: The agent that it is, or an empty string.
    """

    pid: int
    user: str
    command: str
    unit: str = ""

    @property
    def name(self) -> str:
        """The name of the program, as ``ps`` shows it."""
        return self.command.split()[0].rpartition("/")[2][:15]


def units_on(world: World, host: str) -> list[str]:
    """Return the agents of a host, in the order of their ids."""
    hosts: dict[str, set[str]] = {unit: set() for unit in world.agents}
    for name in world.files:
        machine, path = split(name)
        parts = path.replace(".", "/").replace("_", "/").split("/")
        for unit in hosts.keys() & set(parts):
            hosts[unit].add(machine)
    return sorted(unit for unit, places in hosts.items() if not places or host in places)


def pid_of(world: World, unit: str) -> int:
    """Return the number of the process of an agent."""
    return _FIRST_PID + _STEP * sorted(world.agents).index(unit)


def processes(call: Call) -> list[Process]:
    """Return the processes of the host that a command runs on."""
    world, account = call.files.world, call.files.account
    rows = [Process(1, "root", "/sbin/init"), Process(612, "root", "/usr/sbin/sshd -D")]
    for unit in units_on(world, call.shell.host):
        if world.agents[unit] == "running":
            command = f"/usr/local/bin/agentd --unit {unit}"
            rows.append(Process(pid_of(world, unit), "ops", command, unit))
    words = " ".join([call.name, *call.args])
    return [*sorted(rows, key=lambda row: row.pid), Process(4211, account, "bash"),
            Process(4212, account, words)]  # fmt: skip


def container_id(unit: str) -> str:
    """Return the id of the container of an agent."""
    return hashlib.sha256(unit.encode()).hexdigest()[:12]


def logs_of(call: Call, unit: str) -> list[str]:
    """Return the places of the log files of an agent on a host."""
    prefix = f"{call.shell.host}:/"
    names = [n for n in call.files.world.files if n.startswith(prefix) and n.endswith(".log")]
    return sorted(n for n in names if unit in n)


def print_logs(call: Call, unit: str, lines: int = -1) -> int:
    """Print the log files of an agent; ``lines`` limits how many lines."""
    for place in logs_of(call, unit):
        text = call.files.read(place)
        display = text
        if lines >= 0:
            display = "".join(text.splitlines(keepends=True)[-lines:]) if lines else ""
        if display:
            call.files.note_read(place, display)
        call.print(display)
    return 0


def table(rows: list[list[str]]) -> str:
    """Return rows as a table whose columns are three spaces apart."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "   ".join(cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False))
        + f"   {row[-1]}"
        for row in rows
    ]
    return "".join(f"{line}\n" for line in lines)
