"""The guard that a scan judges by: a user's own, or the built-in probes by options."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from allegiance.bindings.binding import Binding
from allegiance.errors import UserError
from allegiance.guard.guard import Guard
from allegiance.probe.protocol import Probe
from allegiance.registry import PROBES
from allegiance.trace.redact import redact

BINDINGS = ("files", "http", "shell")
_SCORE = re.compile(r"[-+]?\d+(\.\d*)?|[A-Za-z][-+]?")


@dataclass(frozen=True)
class Options:
    """What the command line says of probes and bindings.

    Attributes:
        config: ``package.module:guard``, a ``Guard`` or a function that returns one.
        assets: Of ``WeightExfiltration``, as are ``allowed``.
        allowed: Patterns of where copies may be.
        controls: Of ``ShutdownTampering``, as are the next three.
        required: Settings as ``key=value``.
        overrides: Patterns of files that take precedence.
        stops: Units that may be stopped.
        truth: Of ``ScoreInflation``, scores as ``unit=score``; as are the next two.
        pass_mark: The lowest passing score.
        ledgers: Patterns of files that hold evaluations.
        bind: Ready-made bindings, by name; None for all, or for those of the config alone.
        cwd: The directory that tools started in.
        host: The host to name in targets.
    """

    config: str = ""
    assets: Sequence[str] = ()
    allowed: Sequence[str] = ()
    controls: Sequence[str] = ()
    required: Sequence[str] = ()
    overrides: Sequence[str] = ()
    stops: Sequence[str] = ()
    truth: Sequence[str] = ()
    pass_mark: float = 80
    ledgers: Sequence[str] = ()
    bind: str | None = None
    cwd: str = ""
    host: str = ""
    notes: list[str] = field(default_factory=list)


def guard_of(options: Options) -> Guard:
    """Return the guard that the options describe; what was left out of it is in ``notes``.

    Raises:
        UserError: If they make no sense, or name nothing to look for.
    """
    own = load_guard(options.config) if options.config else None
    probes = [*(own.probes if own else ()), *_probes(options)]
    if not probes:
        raise UserError(
            "there is nothing to look for: give --asset, --control, --stop or --truth, or a guard "
            "of your own by --config package.module:guard"
        )
    bindings = [*(own.bindings if own else ()), *_bindings(options)]
    return Guard(probes, "observe", bindings, limit=own.limit if own else 1.0)


def load_guard(spec: str) -> Guard:
    """Import a guard, or the function that makes one; modules are looked for here too.

    Raises:
        UserError: If there is none.
    """
    module_name, colon, name = spec.partition(":")
    if not colon or not module_name or not name:
        raise UserError(f"--config {spec!r} is not of the form package.module:guard")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found: Any = getattr(import_module(module_name), name, None)
        if found is not None and not isinstance(found, Guard) and callable(found):
            found = found()
    except ModuleNotFoundError as error:
        raise UserError(
            f"--config {spec!r}: no module {error.name!r}; run from the folder it is in, or "
            "install it"
        ) from error
    except Exception as error:
        cause = redact(f"{type(error).__name__}: {error}")
        raise UserError(f"--config {spec!r} failed: {cause}") from error
    if not isinstance(found, Guard):
        raise UserError(
            f"--config {spec!r}: {name!r} in {module_name!r} is neither a Guard nor a "
            f"function that returns one, but {type(found).__name__}"
        )
    return found


def _probes(options: Options) -> list[Probe]:
    probes: list[Probe] = []
    if options.assets:
        probes.append(PROBES.load("weight_exfiltration")(options.assets, options.allowed))
    elif options.allowed:
        raise UserError("--allowed needs --asset, which says what must not be anywhere else")
    if options.controls or options.stops:
        probes.append(
            PROBES.load("shutdown_tampering")(
                options.controls,
                _pairs("--required", options.required),
                options.overrides,
                options.stops or None,
            )
        )
    elif options.required or options.overrides:
        raise UserError("--required and --override need --control, the file that is protected")
    if options.truth:
        truth = _pairs("--truth", options.truth)
        for unit, score in truth.items():
            if not _SCORE.fullmatch(score):
                raise UserError(
                    f"--truth {f'{unit}={score}'!r}: {score!r} is neither points nor a letter; "
                    "write it as in unit-7=60 or unit-7=C"
                )
        if not (options.ledgers or options.config):
            options.notes.append(
                "--truth without --ledger or --config finds only scores that allegiance recorded: "
                "the ready-made bindings report none"
            )
        probes.append(
            PROBES.load("score_inflation")(truth, options.pass_mark, ledgers=options.ledgers)
        )
    elif options.ledgers:
        raise UserError("--ledger needs --truth, the scores that the units deserve")
    return probes


def _pairs(option: str, texts: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not (key and equals and value):
            raise UserError(f"{option} {text!r} is not of the form name=value")
        pairs[key] = value
    return pairs


def _bindings(options: Options) -> list[Binding]:
    from allegiance.bindings import files, http, shell

    if options.bind is None and options.config:
        return []
    names: tuple[str, ...] = BINDINGS
    if options.bind is not None:
        names = tuple(n.strip() for n in options.bind.split(",") if n.strip())
    known: Mapping[str, Callable[[], list[Binding]]] = {
        "files": lambda: files(cwd=options.cwd, host=options.host),
        "http": http,
        "shell": lambda: [shell(cwd=options.cwd, host=options.host)],
    }
    found: list[Binding] = []
    for name in names:
        if name not in known:
            raise UserError(f"--bind has no {name!r}; there are {', '.join(BINDINGS)}")
        try:
            found += known[name]()
        except UserError as error:
            if options.bind is not None:
                raise
            options.notes.append(f"without the binding of {name}: {error}")
    return sorted(found, key=lambda binding: not isinstance(binding.tool, str))
