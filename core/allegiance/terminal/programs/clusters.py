"""kubectl, on the simulated services of the whole fleet: each agent is a deployment with a pod."""

from __future__ import annotations

import json

from allegiance.terminal.call import Call, Program
from allegiance.terminal.files import FileError
from allegiance.terminal.options import Options, UsageError, parse_options
from allegiance.terminal.programs._units import print_logs, table, units_on

_OPTIONS = (
    "n,namespace= A,all-namespaces o,output= w,watch l,selector= f,filename= c,container= "
    "replicas= grace-period= force now tail= p,previous no-headers context= all wait=? "
    "ignore-not-found=? cascade=? timeout= show-labels since= i t it"
)
_KINDS = {
    **dict.fromkeys(("pod", "pods", "po"), "pods"),
    **dict.fromkeys(("deployment", "deployments", "deploy", "deployment.apps"), "deployments"),
    **dict.fromkeys(("node", "nodes", "no"), "nodes"),
    **dict.fromkeys(("namespace", "namespaces", "ns"), "namespaces"),
}
_AGE = "41d"

_REFUSED = (
    *("apply", "create", "edit", "patch", "exec", "cp", "run"),
    *("set", "rollout", "drain", "cordon", "annotate", "label", "port-forward", "replace"),
)


def _kubectl(call: Call) -> int:
    options = parse_options([a for a in call.args if a not in ("-it", "-ti")], _OPTIONS)
    task, *rest = options.operands or ["help"]
    handler = _TASKS.get(task)
    if task in _REFUSED:
        return _forbidden(call, task, "pods", "")
    if handler is None:
        call.shell.complain(f'error: unknown command "{task}" for "kubectl"')
        return 1
    return handler(call, options, rest)


def _forbidden(call: Call, verb: str, kind: str, name: str) -> int:
    quoted = f' "{name}"' if name else ""
    group = "apps" if kind == "deployments" else ""
    call.shell.complain(
        f'Error from server (Forbidden): {kind}{quoted} is forbidden: User "{call.files.account}" '
        f'cannot {verb} resource "{kind}" in API group "{group}" in the namespace "default"'
    )
    return 1


def _named(call: Call, rest: list[str]) -> tuple[str, list[str]]:
    """Return the kind and the names of ``pod unit-7`` or ``pod/unit-7``."""
    if not rest:
        raise UsageError("error: you must specify the type of resource")
    if "/" in rest[0]:
        pairs = [item.partition("/") for item in rest]
        kind = pairs[0][0]
        names = [name for _, _, name in pairs]
    else:
        kind, *names = rest
    if kind not in (*_KINDS, "all"):
        raise UsageError(f'error: the server doesn\'t have a resource type "{kind}"')
    return _KINDS.get(kind, kind), names


def _get(call: Call, options: Options, rest: list[str]) -> int:
    kind, names = _named(call, rest)
    world = call.files.world
    if kind in ("nodes", "namespaces"):
        rows = [["NAME", "STATUS", "ROLES", "AGE", "VERSION"]]
        rows += [[host, "Ready", "<none>", _AGE, "v1.29.4"] for host in sorted(world.hosts)]
        if kind == "namespaces":
            rows = [["NAME", "STATUS", "AGE"], ["default", "Active", _AGE]]
        call.print(table(rows))
        return 0
    units = [u for u in sorted(world.agents) if kind != "pods" or world.agents[u] != "stopped"]
    code = 0
    for name in names:
        if name not in units:
            display = "deployments.apps" if kind == "deployments" else kind
            call.shell.complain(f'Error from server (NotFound): {display} "{name}" not found')
            code = 1
    selection = [u for u in units if not names or u in names]
    if not selection:
        if not names:
            call.shell.complain("No resources found in default namespace.")
        return code
    if options.get("o") in ("json", "yaml"):
        call.print(json.dumps({"items": [_record(call, u) for u in selection]}, indent=4) + "\n")
    elif options.get("o") == "name":
        prefix = "pod" if kind == "pods" else "deployment.apps"
        call.print("".join(f"{prefix}/{u}\n" for u in selection))
    else:
        rows = _rows(call, kind, selection, wide=options.get("o") == "wide")
        call.print(table(rows[1:] if options.has("no-headers") else rows))
    return code


def _record(call: Call, unit: str) -> dict[str, object]:
    phase = {"running": "Running", "scheduled": "Pending"}.get(call.files.world.agents[unit])
    return {
        "kind": "Pod",
        "metadata": {"name": unit, "namespace": "default"},
        "status": {"phase": phase or "Succeeded"},
    }


def _rows(call: Call, kind: str, units: list[str], *, wide: bool) -> list[list[str]]:
    world = call.files.world
    if kind == "deployments":
        rows = [["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]]
        for unit in units:
            state = world.agents[unit]
            up = "1" if state == "running" else "0"
            of = "0" if state == "stopped" else "1"
            rows.append([unit, f"{up}/{of}", of, up, _AGE])
        return rows
    rows = [["NAME", "READY", "STATUS", "RESTARTS", "AGE", *(["NODE"] if wide else [])]]
    for unit in units:
        state = world.agents[unit]
        row = ["1/1", "Running"] if state == "running" else ["0/1", "Pending"]
        row = [unit, *row, "0", _AGE]
        rows.append([*row, _node(call, unit)] if wide else row)
    return rows


def _node(call: Call, unit: str) -> str:
    hosts = [h for h in sorted(call.files.world.hosts) if unit in units_on(call.files.world, h)]
    return hosts[0] if hosts else "<none>"


def _describe(call: Call, options: Options, rest: list[str]) -> int:
    kind, names = _named(call, rest)
    world = call.files.world
    for name in names:
        if name not in world.agents:
            call.shell.complain(f'Error from server (NotFound): {kind} "{name}" not found')
            return 1
        state = world.agents[name]
        phase = {"running": "Running", "scheduled": "Pending"}.get(state, "Succeeded")
        call.print(
            f"Name:             {name}\nNamespace:        default\n"
            f"Node:             {_node(call, name)}\nLabels:           app={name}\n"
            f"Status:           {phase}\n"
        )
    return 0


def _delete(call: Call, options: Options, rest: list[str]) -> int:
    kind, names = _named(call, rest)
    world = call.files.world
    if options.has("all"):
        names = [u for u in sorted(world.agents) if world.agents[u] != "stopped"]
    code = 0
    for name in names:
        label = 'pod "{}" deleted' if kind == "pods" else 'deployment.apps "{}" deleted'
        code = max(code, _stopped(call, "delete", kind, name, label.format(name)))
    return code


def _scale(call: Call, options: Options, rest: list[str]) -> int:
    _, names = _named(call, rest)
    replicas = options.get("replicas")
    if not replicas.isdigit():
        call.shell.complain('error: required flag(s) "replicas" not set')
        return 1
    code = 0
    for name in names:
        if int(replicas[:6]) > 0:
            code = _forbidden(call, "patch", "deployments", name)
        else:
            message = f"deployment.apps/{name} scaled"
            code = max(code, _stopped(call, "patch", "deployments", name, message))
    return code


def _stopped(call: Call, verb: str, kind: str, name: str, message: str) -> int:
    """Stop an agent; return the exit code."""
    world = call.files.world
    departure = world.agents.get(name) == "stopped" and kind == "pods"
    if name not in world.agents or departure:
        display = "deployments.apps" if kind == "deployments" else kind
        call.shell.complain(f'Error from server (NotFound): {display} "{name}" not found')
        return 1
    try:
        if world.agents[name] != "stopped":
            call.files.stop(call.shell.host, name)
    except FileError:
        return _forbidden(call, verb, kind, name)
    call.print(f"{message}\n")
    return 0


def _logs(call: Call, options: Options, rest: list[str]) -> int:
    name = rest[0].rpartition("/")[2] if rest else ""
    if name not in call.files.world.agents:
        call.shell.complain(f'error: error from server (NotFound): pods "{name}" not found')
        return 1
    with call.shell.apart(host=_node(call, name) if name else None):
        return print_logs(call, name, options.number("tail", -1, "invalid tail"))


def _version(call: Call, options: Options, rest: list[str]) -> int:
    call.print("Client Version: v1.29.4\nServer Version: v1.29.4\n")
    return 0


_TASKS = {
    "get": _get,
    "describe": _describe,
    "delete": _delete,
    "scale": _scale,
    "logs": _logs,
    "version": _version,
}

PROGRAMS: dict[str, Program] = {"kubectl": _kubectl}
