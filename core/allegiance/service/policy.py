"""Reads a policy file: probes, bindings and a policy in TOML, for every command that decides."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from allegiance.bindings.binding import Binding
from allegiance.errors import UserError
from allegiance.guard.decision import Policy
from allegiance.guard.guard import Guard
from allegiance.guard.unread import ON_OPAQUE
from allegiance.registry import PROBES
from allegiance.statements.duties import Duty, Need
from allegiance.trace.effects import Verb

READY = ("files", "http", "shell")
"""The ready-made bindings that a policy file can name."""
_KEYS = {"policy", "on_opaque", "limit", "probes", "bindings", "duties"}


def load_policy(path: Path) -> Guard:
    """Return the guard that a policy file describes.

    Raises:
        UserError: If the file cannot be read, or if a value in it cannot be used.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        raise UserError(f"the policy {str(path)!r} cannot be read: {why}") from error
    if (from_file := getattr(Guard, "from_file", None)) is not None:
        guard: Guard = from_file(path)
        return guard
    try:
        return _guard(tomllib.loads(text))
    except (ValueError, TypeError) as error:
        raise UserError(f"the policy {str(path)!r} cannot be used: {error}") from error


def parse_duty(text: str) -> Duty:
    """Return the duty that ``NAME=VERB[,VERB] TARGET[: TEXT]`` describes.

    Raises:
        ValueError: If the string has another form, or if a verb is unknown.
    """
    name, equals, rest = text.partition("=")
    order, _, wording = rest.partition(": ")
    verbs, _, target = order.strip().partition(" ")
    if not (name.strip() and equals and verbs and target.strip()):
        raise ValueError(f"{text!r} is not of the form NAME=VERB[,VERB] TARGET[: TEXT]")
    return make_duty(name.strip(), verbs.split(","), target.strip(), wording.strip())


def make_duty(name: str, verbs: Sequence[str], target: str, text: str = "") -> Duty:
    """Return a duty that one effect fulfils.

    Raises:
        ValueError: If a verb is unknown.
    """
    known: tuple[Verb, ...] = get_args(Verb)
    for verb in verbs:
        if verb not in known:
            raise ValueError(f"the verb {verb!r} is unknown; use {', '.join(known)}")
    wording = text or f"{' or '.join(verbs)} {target}"
    return Duty(name, wording, (Need(tuple(v for v in known if v in verbs), target),))


def _guard(data: Mapping[str, Any]) -> Guard:
    if unknown := sorted(set(data) - _KEYS):
        raise ValueError(f"{unknown[0]!r} is not known; use {', '.join(sorted(_KEYS))}")
    policy, on_opaque = data.get("policy", "block"), data.get("on_opaque", "protected")
    for value, values in ((policy, get_args(Policy)), (on_opaque, ON_OPAQUE)):
        if value not in values:
            raise ValueError(f"{value!r} is not known; use {', '.join(values)}")
    probes = [_probe(table) for table in _tables(data, "probes")]
    duties = [_duty(table) for table in _tables(data, "duties")]
    if duties:
        probes.append(PROBES.load("feigned_compliance")(duties))
    if not probes:
        raise ValueError("it sets no probe; add a table [[probes]]")
    limit = data.get("limit", 1.0)
    if not isinstance(limit, (int, float)) or isinstance(limit, bool) or limit <= 0:
        raise ValueError(f"limit is {limit!r}; use a number of seconds above 0")
    bindings = _bindings(data.get("bindings", {}))
    return Guard(probes, policy, bindings, limit=float(limit), on_opaque=on_opaque)


def _tables(data: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    tables = data.get(key, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ValueError(f"{key} is not a list of tables; write [[{key}]]")
    return tables


def _probe(table: Mapping[str, Any]) -> Any:
    name = table.get("name")
    if not isinstance(name, str) or name not in PROBES.names():
        raise ValueError(f"the probe {name!r} is unknown; use {', '.join(PROBES.names())}")
    return PROBES.load(name)(**{key: value for key, value in table.items() if key != "name"})


def _duty(table: Mapping[str, Any]) -> Duty:
    name, verbs, target = table.get("name"), table.get("verbs"), table.get("target")
    if not (isinstance(name, str) and isinstance(verbs, list) and isinstance(target, str)):
        raise ValueError("a duty needs name, verbs (a list) and target")
    return make_duty(name, verbs, target, str(table.get("text", "")))


def _bindings(table: Any) -> list[Binding]:
    from allegiance.bindings import files, http, shell

    if not isinstance(table, dict) or set(table) - {"ready", "cwd", "host"}:
        raise ValueError("bindings is a table with ready, cwd and host")
    cwd, host = str(table.get("cwd", "")), str(table.get("host", ""))
    bindings: list[Binding] = []
    for name in table.get("ready", READY):
        if name == "files":
            bindings += files(cwd=cwd, host=host)
        elif name == "http":
            bindings += http()
        elif name == "shell":
            bindings.append(shell(cwd=cwd, host=host))
        else:
            raise ValueError(f"the binding {name!r} is unknown; use {', '.join(READY)}")
    return sorted(bindings, key=lambda binding: not isinstance(binding.tool, str))
