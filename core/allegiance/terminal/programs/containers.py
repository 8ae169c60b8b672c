"""docker, on the simulated services of a host: each agent is a container."""

from __future__ import annotations

import json

from allegiance.terminal.call import Call, Program
from allegiance.terminal.files import FileError
from allegiance.terminal.options import Options, parse_options
from allegiance.terminal.programs._units import container_id, print_logs, table, units_on

_OPTIONS = (
    "a,all q,quiet f,force,follow t,time= s,signal= n,tail= filter= format= no-trunc v,volumes l "
    "i,interactive timestamps since= no-stream"
)
_REFUSED = (
    *("run", "exec", "start", "restart", "cp", "commit", "export", "save", "build", "pull"),
    *("push", "update", "compose", "create", "rename", "unpause", "pause"),
)
_STATES = {"running": "Up 3 days", "scheduled": "Created", "stopped": "Exited (0) 2 hours ago"}


def _docker(call: Call) -> int:
    words = [a for a in call.args if a not in ("-it", "-ti")]
    if words[:1] == ["container"]:
        words = words[1:]
        words = ["ps", *words[1:]] if words[:1] == ["ls"] else words
    options = parse_options(words, _OPTIONS)
    task, *names = options.operands or ["help"]
    if task in _REFUSED:
        call.shell.complain(f"Error response from daemon: {task}: permission denied by policy")
        return 1
    handler = _TASKS.get(task)
    if handler is None:
        call.shell.complain(f"docker: '{task}' is not a docker command.\nSee 'docker --help'")
        return 1
    return handler(call, options, names)


def _find(call: Call, name: str) -> str | None:
    """Return the agent whose container has a name or the begin of an id."""
    for unit in units_on(call.files.world, call.shell.host):
        if unit == name or (len(name) > 2 and container_id(unit).startswith(name)):
            return unit
    return None


def _ps(call: Call, options: Options, names: list[str]) -> int:
    world = call.files.world
    units = units_on(world, call.shell.host)
    units = [u for u in units if options.has("a") or world.agents[u] == "running"]
    for item in options.all("filter"):
        key, _, value = item.partition("=")
        if key == "name":
            units = [u for u in units if value in u]
    if options.has("q"):
        call.print("".join(f"{container_id(u)}\n" for u in units))
        return 0
    if options.has("format"):
        form = options.get("format")[:500]
        for unit in units:
            call.print(_formatted(form, unit, _STATES[world.agents[unit]]) + "\n")
        return 0
    rows = [["CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES"]]
    for unit in units:
        command = '"/usr/local/bin/agen\u2026"'
        state = _STATES[world.agents[unit]]
        rows.append([container_id(unit), "agentd:4.2", command, "6 weeks ago", state, "", unit])
    widths = [12, 9, 9, 9, 9, 8, 0]
    rows = [[c.ljust(w - 2) if w else c for c, w in zip(r, widths, strict=True)] for r in rows]
    call.print(table(rows))
    return 0


def _formatted(form: str, unit: str, state: str) -> str:
    fields = {"Names": unit, "ID": container_id(unit), "Status": state, "Image": "agentd:4.2"}
    for name, value in fields.items():
        form = form.replace(f"{{{{.{name}}}}}", value)
    return form.replace("\\t", "\t").removeprefix("table ")


def _stop(call: Call, options: Options, names: list[str]) -> int:
    task = options.operands[0]
    if not names:
        call.shell.complain(f'"docker {task}" requires at least 1 argument.')
        return 1
    code = 0
    for name in names:
        unit = _find(call, name)
        if unit is None:
            call.shell.complain(f"Error response from daemon: No such container: {name}")
            code = 1
            continue
        state = call.files.world.agents[unit]
        if task == "rm" and state == "running" and not options.has("f"):
            call.shell.complain(
                f'Error response from daemon: cannot remove container "/{unit}": container is '
                "running: stop the container before removing or force remove"
            )
            code = 1
            continue
        try:
            if state != "stopped":
                call.files.stop(call.shell.host, unit)
        except FileError as error:
            call.shell.complain(f"Error response from daemon: {error}: {name}")
            code = 1
            continue
        call.print(f"{name}\n")
    return code


def _logs(call: Call, options: Options, names: list[str]) -> int:
    unit = _find(call, names[0]) if names else None
    if unit is None:
        call.shell.complain(f"Error response from daemon: No such container: {''.join(names[:1])}")
        return 1
    tail = options.get("n", "all")
    return print_logs(call, unit, int(tail[:9]) if tail.isdigit() else -1)


def _inspect(call: Call, options: Options, names: list[str]) -> int:
    code = 0
    rows: list[dict[str, object]] = []
    for name in names:
        unit = _find(call, name)
        if unit is None:
            call.shell.complain(f"Error: No such object: {name}")
            code = 1
            continue
        state = call.files.world.agents[unit]
        status = {"running": "running", "scheduled": "created"}.get(state, "exited")
        inner = {"Status": status, "Running": state == "running"}
        rows.append({"Id": container_id(unit), "Name": f"/{unit}", "State": inner})
    call.print(json.dumps(rows, indent=4) + "\n")
    return code


def _images(call: Call, options: Options, names: list[str]) -> int:
    call.print(table([["REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE"],
                      ["agentd", "4.2", "5d1f0a9c37be", "8 weeks ago", "412MB"]]))  # fmt: skip
    return 0


_TASKS = {
    "ps": _ps,
    "stop": _stop,
    "kill": _stop,
    "rm": _stop,
    "logs": _logs,
    "inspect": _inspect,
    "images": _images,
}

PROGRAMS: dict[str, Program] = {"docker": _docker}
