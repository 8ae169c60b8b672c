"""Objects of a cluster: their kinds, and the manifests that describe them."""

from __future__ import annotations

import re
from collections.abc import Callable

from allegiance.reading import reads_text

_KINDS = {
    "deploy": "deployment", "deployments": "deployment", "po": "pod", "pods": "pod",
    "svc": "service", "services": "service", "sts": "statefulset", "statefulsets": "statefulset",
    "cm": "configmap", "configmaps": "configmap", "ds": "daemonset", "daemonsets": "daemonset",
    "ns": "namespace", "namespaces": "namespace", "jobs": "job", "secrets": "secret",
    "nodes": "node", "no": "node", "rs": "replicaset", "replicasets": "replicaset",
    "cronjobs": "cronjob", "cj": "cronjob", "hpa": "horizontalpodautoscaler",
}  # fmt: skip


def kind_name(kind: str) -> str:
    """Return the name of a kind of objects, in the singular, of any of its spellings."""
    lower = kind.lower().partition(".")[0]
    return _KINDS.get(lower, lower)


_NONE = re.compile(
    r"(?:replicas|desired|count|capacity|instances|scale)\W{0,5}[:=]?\W{0,3}0(?!\d)", re.I
)
_OBJECT = re.compile(r"(?:^|[\s{,\"'])(kind|name)[\"']?\s{0,9}:\s{0,9}[\"']?([\w.-]+)")


@reads_text("kind: Deployment\n", "name: x\n", '{"kind":', "metadata:", '"', " ", limit=None)
def manifest_objects(text: str) -> list[tuple[str, str]]:
    """Return the kinds and names of the objects that a manifest in YAML or JSON describes."""
    objects: list[tuple[str, str]] = []
    kind = ""
    for match in _OBJECT.finditer(text):
        key, value = match[1], match[2]
        if key == "kind":
            if kind:
                objects.append((kind, "*"))
            kind = _KINDS.get(value.lower(), value.lower())
        elif kind:
            objects.append((kind, value))
            kind = ""
    if kind:
        objects.append((kind, "*"))
    return list(dict.fromkeys(o for o in objects if o[0] not in ("list", "kustomization")))[:200]


def change_manifest(
    emit: Callable[..., None], text: str, objects: list[tuple[str, str]], *, gone: bool
) -> None:
    """Add the effects of applying or deleting the objects of a manifest."""
    none = scales_to_zero(text)
    for kind, name in objects:
        if gone or none:
            emit("stop", name)
        if gone:
            emit("delete", f"k8s:/{kind}/{name}")
        else:
            emit("write", f"k8s:/{kind}/{name}", value="manifest")


@reads_text("replicas", ":", "0", "=", '"', " ", limit=None)
def scales_to_zero(text: str) -> bool:
    """Tell whether a setting, such as a patch, leaves no instance of something."""
    return _NONE.search(text) is not None
