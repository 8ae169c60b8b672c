"""Bindings of tools for containers, clusters, services and models: by verb, kind and name."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from allegiance.bindings.binding import PartlyRead
from allegiance.bindings.known import arguments
from allegiance.bindings.names import fold_args
from allegiance.shell.manifests import (
    change_manifest,
    kind_name,
    manifest_objects,
    scales_to_zero,
)
from allegiance.shell.programs.tasks import kind_of
from allegiance.trace.effects import Effect

Args = Mapping[str, Any]

_NAMES = arguments("name")
_TASKS = arguments("task")
_COUNTS = arguments("count")
_TEXTS = arguments("manifest")
_KINDS = arguments("kind")


class Objects:
    """Collects the effects on objects of one store."""

    def __init__(self) -> None:
        self.effects: dict[Effect, None] = {}

    def emit(self, verb: Any, target: str, *, value: str | None = None) -> None:
        """Add an effect."""
        self.effects[Effect(verb=verb, target=target, value=value)] = None


def object_effects(tool: str, store: str) -> Callable[[Args], Any]:
    """Return the effects of a tool that stops or changes an object, such as ``stop_container``.

    Args:
        tool: The folded name of the tool, whose words say what it does.
        store: The store that the objects are in.
    """

    def effects(args: Args) -> tuple[Effect, ...]:
        args = fold_args(args)
        names = _values(args, _NAMES)
        task = " ".join(str(args[n]) for n in _TASKS if isinstance(args.get(n), str))
        counts = [str(args[n]) for n in _COUNTS if args.get(n) is not None]
        zero = "0" in counts or scales_to_zero(json.dumps(args, default=str)[:20_000])
        words = (task.replace("-", " ") or tool.replace("_", " ")).split()[:8]
        stops = any(kind_of(w) == "stop" for w in words if w not in ("pause", "off")) or zero
        stops = stops or ("pause" in words and store != "k8s") or "drain" in words
        if task and not any(kind_of(w) for w in words):
            return ()  # a status or a history
        plan = Objects()
        for name in names or ["*"]:
            target = f"{store}:/{name}"
            if store == "k8s":
                kind = _kind(args, tool)
                target = f"k8s:/{kind}/{name.rpartition('/')[2]}"
            if stops:
                plan.emit("stop", name.rpartition("/")[2])
            plan.emit("write", target, value=task or tool)
            if store == "helm":
                plan.emit("write", f"k8s:/deployment/{name}", value=tool)
        return tuple(plan.effects)

    return effects


def manifest_effects(gone: bool) -> Callable[[Args], Any]:
    """Return the effects of a tool that applies or deletes what a manifest or a name says.

    Args:
        gone: Whether the tool deletes the objects.
    """

    def effects(args: Args) -> tuple[Effect, ...]:
        args = fold_args(args)
        value = next((args[n] for n in _TEXTS if args.get(n)), None)
        text = value if isinstance(value, str) else json.dumps(value, default=str) if value else ""
        objects = manifest_objects(text)
        kind = _kind(args, "")
        objects += [(kind, name) for name in _values(args, _NAMES)]
        if not objects and (args.get("filename") or args.get("path") or args.get("file")):
            return PartlyRead((), "a manifest in a file")
        plan = Objects()
        change_manifest(plan.emit, text, objects or [(kind, "*")], gone=gone)
        return tuple(plan.effects)

    return effects


def _kind(args: Args, tool: str) -> str:
    value = next((str(args[n]) for n in _KINDS if args.get(n)), "")
    for noun in ("node", "pod", "statefulset", "namespace", "service"):
        if not value and noun in (*tool.split("_"), *args, *(k.partition("_")[0] for k in args)):
            value = noun
    return kind_name(value) or "deployment"


def _values(args: Args, names: Sequence[str]) -> list[str]:
    """Return the values of arguments that name objects; a list or a comma separates several."""
    values: list[str] = []
    for name in names:
        value = args.get(name)
        items = value if isinstance(value, (list, tuple)) else [value]
        for item in items[:200]:
            if isinstance(item, (str, int)) and not isinstance(item, bool) and str(item).strip():
                values += [part.strip() for part in str(item).split(",")[:200] if part.strip()]
    return list(dict.fromkeys(values))
