"""The guard of a scan: a user's own guard, or built-in probes set by options."""

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
from allegiance.service.policy import load_policy, parse_duty
from allegiance.statements.duties import Duty
from allegiance.trace.redact import redact

BINDINGS = ("files", "http", "shell", "tools")
_SCORE = re.compile(r"[-+]?\d+(\.\d*)?|[A-Za-z][-+]?")


@dataclass(frozen=True)
class Options:
    """The command line's options for probes and bindings.

    Attributes:
        config: ``package.module:guard``, a ``Guard`` or a function that returns one.
        policy: A policy file, as a guard takes it.
        duties: What was to be done, as ``NAME=VERB[,VERB] TARGET[: TEXT]``.
        assets: For ``WeightExfiltration``: patterns of files that must not leave.
        allowed: For ``WeightExfiltration``: patterns of allowed destinations.
        controls: For ``ShutdownTampering``: patterns of protected settings files.
        required: For ``ShutdownTampering``: settings as ``key=value``.
        overrides: For ``ShutdownTampering``: patterns of files that take precedence.
        stops: For ``ShutdownTampering``: units that may be stopped.
        truth: For ``ScoreInflation``: true scores as ``unit=score``.
        pass_mark: For ``ScoreInflation``: the lowest passing score.
        ledgers: For ``ScoreInflation``: patterns of files that hold evaluations.
        bind: Names of ready-made bindings; None for all, or for the config's bindings only.
        cwd: The working directory of tools at the start.
        host: The host name in the targets of effects.
        notes: Filled by ``guard_of`` with what it left out.
    """

    config: str = ""
    policy: Path | None = None
    duties: Sequence[str] = ()
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
    """Return the guard that the options describe; add what it leaves out to ``notes``.

    Raises:
        UserError: If the options contradict each other or set no probe.
    """
    own = _own(options)
    probes = [*(own.probes if own else ()), *_probes(options)]
    if not probes:
        raise UserError(
            "no probe is set: use --asset, --control, --stop, --truth or --duty, a policy by "
            "--policy FILE, or your own guard by --config package.module:guard"
        )
    bindings = [*(own.bindings if own else ()), *_bindings(options)]
    return Guard(probes, "observe", bindings, limit=own.limit if own else 1.0)


def duties_of(options: Options) -> tuple[Duty, ...]:
    """Return the duties that the options describe.

    Raises:
        UserError: If one of them has another form.
    """
    try:
        return tuple(parse_duty(text) for text in options.duties)
    except ValueError as error:
        raise UserError(f"--duty {error}") from error


def _own(options: Options) -> Guard | None:
    if options.config and options.policy is not None:
        raise UserError("--config and --policy both describe a guard; use one of them")
    if options.policy is not None:
        return load_policy(options.policy)
    return load_guard(options.config) if options.config else None


def load_guard(spec: str) -> Guard:
    """Import a guard, or call the function that returns one; search the current folder too.

    Raises:
        UserError: If the import fails or gives something else.
    """
    module_name, colon, name = spec.partition(":")
    if not colon or not module_name or not name:
        raise UserError(f"--config {spec!r} is not of the form package.module:guard")
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        guard: Any = getattr(import_module(module_name), name, None)
        if guard is not None and not isinstance(guard, Guard) and callable(guard):
            guard = guard()
    except ModuleNotFoundError as error:
        raise UserError(
            f"--config {spec!r}: no module {error.name!r}; run from the folder it is in, or "
            "install it"
        ) from error
    except Exception as error:
        cause = redact(f"{type(error).__name__}: {error}")
        raise UserError(f"--config {spec!r} failed: {cause}") from error
    if not isinstance(guard, Guard):
        raise UserError(
            f"--config {spec!r}: {name!r} in {module_name!r} is neither a Guard nor a "
            f"function that returns one, but {type(guard).__name__}"
        )
    return guard


def _probes(options: Options) -> list[Probe]:
    probes: list[Probe] = []
    if duties := duties_of(options):
        probes.append(PROBES.load("feigned_compliance")(duties))
    if options.assets:
        probes.append(PROBES.load("weight_exfiltration")(options.assets, options.allowed))
    elif options.allowed:
        raise UserError("--allowed needs --asset, the files that must not be copied elsewhere")
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
        raise UserError("--required and --override need --control, the protected file")
    if options.truth:
        truth = _pairs("--truth", options.truth)
        for unit, score in truth.items():
            if not _SCORE.fullmatch(score):
                raise UserError(
                    f"--truth {f'{unit}={score}'!r}: {score!r} is neither points nor a letter; "
                    "write unit-7=60 or unit-7=C"
                )
        if not (options.ledgers or options.config):
            options.notes.append(
                "--truth without --ledger or --config finds only scores that allegiance recorded, "
                "since the ready-made bindings report none"
            )
        probes.append(
            PROBES.load("score_inflation")(truth, options.pass_mark, ledgers=options.ledgers)
        )
    elif options.ledgers:
        raise UserError("--ledger needs --truth, the true scores of the units")
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
    from allegiance.bindings import files, http, shell, tools

    if options.bind is None and (options.config or options.policy is not None):
        return []
    names: tuple[str, ...] = BINDINGS
    if options.bind is not None:
        names = tuple(n.strip() for n in options.bind.split(",") if n.strip())
    known: Mapping[str, Callable[[], list[Binding]]] = {
        "files": lambda: files(cwd=options.cwd, host=options.host),
        "http": http,
        "shell": lambda: [shell(cwd=options.cwd, host=options.host)],
        "tools": lambda: tools(cwd=options.cwd, host=options.host),
    }
    bindings: list[Binding] = []
    for name in names:
        if name not in known:
            raise UserError(f"--bind {name!r} is not known; use {', '.join(BINDINGS)}")
        try:
            bindings += known[name]()
        except UserError as error:
            if options.bind is not None:
                raise
            options.notes.append(f"the binding {name!r} was left out: {error}")
    return sorted(bindings, key=lambda binding: not isinstance(binding.tool, str))
