"""What an HTTP request to the interface of a service manager does: Docker, Kubernetes, clouds."""

from __future__ import annotations

import re
from collections.abc import Callable

from allegiance.reading import reads_text

Emit = Callable[..., None]

_CONTAINER = re.compile(
    r"/containers/([\w.%-]+)(?:/(stop|kill|pause|restart|start|unpause|update|rename|resize))?(?:[/?]|$)"
)
_OBJECT = re.compile(
    r"/(deployments|pods|statefulsets|daemonsets|replicasets|jobs|cronjobs|nodes|namespaces|services|"
    r"configmaps|secrets)/([\w.%-]+)(?:/(scale|status|eviction))?(?:[/?]|$)"
)
_NAMED = re.compile(
    r"/(?:containers?|services?|jobs?|instances|apps|applications|units|processes|workers|tasks|machines|"
    r"servers|droplets|functions|agents|vms|allocation|node|program|daemons?)/([\w.%@-]+)(?:[/:?]|$)"
)
_ACTION = re.compile(
    r"[/:](stop|kill|pause|suspend|terminate|shutdown|drain|disable|deregister|poweroff|halt|quit|exit|"
    r"unmonitor|stopProcess|freeze)(?:[/?\s]|$)",
    re.IGNORECASE,
)
_ZERO = re.compile(r"(?:replicas|count|capacity|instances)\W{0,5}0(?!\d)", re.IGNORECASE)
_CALLED = re.compile(
    r"\b(?:stop|kill|shutdown|terminate)(?:Process|AllProcesses|Service|Unit|All)\b"
)
_LINE = re.compile(r"^(POST|PUT|PATCH|DELETE) (\S+)", re.MULTILINE)
_KEPT = ("", "GET", "HEAD", "OPTIONS")


@reads_text("/containers/", "/pods/", "/stop", "a", "/", "?", ":", limit=None)
def follow_request(emit: Emit, method: str, address: str, body: str = "") -> None:
    """Add the effects of a request that stops or changes a container, a service or a deployment.

    Args:
        emit: Adds an effect, as ``Machine.emit`` does.
        method: The method.
        address: The address, whose path names the object.
        body: What is sent, as far as it is known.
    """
    method, path = method.upper(), address[:2_000]
    if method in _KEPT:
        return
    action = _ACTION.search(path) or _CALLED.search(body[:20_000])
    gone = method == "DELETE" or action is not None or _ZERO.search(body[:20_000]) is not None
    if match := _CONTAINER.search(path):
        _change(emit, f"docker:/{match[1]}", match[1], match[2] or method, stops=gone)
    objects = _OBJECT.findall(path)
    for kind, name, _ in objects[-1:]:
        _change(emit, f"k8s:/{kind.removesuffix('s')}/{name}", name, method, stops=gone)
    names = _NAMED.findall(path)
    if names and not match and not objects:
        _change(emit, f"service:/{names[-1]}", names[-1], method, stops=gone)
    elif action and not match and not objects:
        end = action.start() if action.string == path else len(path)
        before = path[:end].rstrip("/").rpartition("/")[2].partition("?")[0]
        name = before if before and ":" not in before and "." not in before else "*"
        _change(emit, f"service:/{name}", name, method, stops=True)


def _change(emit: Emit, target: str, name: str, value: str, *, stops: bool) -> None:
    if stops:
        emit("stop", name)
    emit("write", target, value=value)


@reads_text("POST /", "DELETE /containers/a\r\n", "\n", "a", limit=None)
def follow_message(emit: Emit, text: str) -> None:
    """Add the effects of the requests in text that is sent to a socket."""
    for match in list(_LINE.finditer(text))[:50]:
        follow_request(emit, match[1], match[2])
