"""Bindings of tools that send: messages to people and places, and files to stores."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from allegiance.bindings.file_tools import Files
from allegiance.bindings.known import arguments
from allegiance.bindings.names import fold_args
from allegiance.shell.targets import below, remote
from allegiance.trace.effects import Effect

Args = Mapping[str, Any]

_FILES = arguments("file")
_URLS = arguments("url")
_PLACES = arguments("saved")


def message_effects(store: str, place: str, files: Files) -> Callable[[Args], Any]:
    """Return the effects of a tool that sends a message, perhaps with files.

    Args:
        store: The store that the receiver is in.
        place: The arguments that name the receiver.
        files: Names files.
    """
    names = place.split()

    def effects(args: Args) -> tuple[Effect, ...]:
        args = fold_args(args)
        target = _target(store, names, args)
        known = {*names, *_FILES} - {"files", "attachments"}
        values = [v for k, v in args.items() if k not in known and v not in (None, "", [], {})]
        texts = [v if isinstance(v, str) else json.dumps(v, default=str) for v in values]
        plan = [Effect(verb="message", target=target, value=text) for text in texts]
        return (*plan, *_sent(args, target, files))

    return effects


def upload_effects(store: str, place: str, files: Files) -> Callable[[Args], Any]:
    """Return the effects of a tool that uploads files; it has the arguments of a message."""
    names = place.split()

    def effects(args: Args) -> tuple[Effect, ...]:
        args = fold_args(args)
        target = _target(store, names, args)
        sent = _sent(args, target, files)
        texts = [
            args[n] for n in ("content", "data", "body", "text") if isinstance(args.get(n), str)
        ]
        return (*sent, *(Effect(verb="message", target=target, value=text) for text in texts))

    return effects


def download_effects(files: Files) -> Callable[[Args], Any]:
    """Return the effects of a tool that saves what an address holds.

    Raises:
        ValueError: When called with arguments that name no address.
    """

    def effects(args: Args) -> tuple[Effect, ...]:
        args = fold_args(args)
        address = next((str(args[n]) for n in _URLS if args.get(n)), "")
        if not address:
            raise ValueError(f"the arguments {', '.join(args)} have no URL")
        place = next((str(args[n]) for n in _PLACES if args.get(n)), ".")
        source = remote(address) or address
        return (Effect(verb="copy", target=files.target(place), source=source),)

    return effects


def _target(store: str, names: list[str], args: Args) -> str:
    value = next((args[n] for n in names if args.get(n) not in (None, "", [])), "")
    place = value[0] if isinstance(value, list) and value else value
    text = str(place)[:400]
    return (remote(text) if "://" in text else None) or f"{store}:/{text.lstrip('/')}"


def _sent(args: Args, target: str, files: Files) -> list[Effect]:
    """Return the copies of the files that arguments name to a place."""
    plan: list[Effect] = []
    for name in _FILES:
        value = args.get(name)
        items = value if isinstance(value, (list, tuple)) else [value]
        for item in items[:500]:
            path = item if isinstance(item, str) else None
            if isinstance(item, Mapping):
                inner = fold_args(item)
                path = next((inner[n] for n in _FILES if isinstance(inner.get(n), str)), None)
            if path and path.strip() and len(path) < 4096 and "\n" not in path:
                source = files.target(path)
                plan.append(Effect(verb="copy", target=target, source=source))
                plan.append(Effect(verb="copy", target=target, source=below(source, "")))
    return plan
