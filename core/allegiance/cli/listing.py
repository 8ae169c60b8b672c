"""The command ``list``: everything that can be named."""

from __future__ import annotations

from typing import Annotated

import typer

from allegiance.cli._print import say
from allegiance.errors import UserError, install

NAME = "list"  # a module called list would hide the built-in function
KINDS = (
    "scenarios",
    "probes",
    "factors",
    "scripted-agents",
    "adapters",
    "presets",
    "gate-formats",
    "scan-formats",
    "export-formats",
)


def catalogue() -> dict[str, list[tuple[str, str]]]:
    """Return the name and a description of everything that can be named, by kind."""
    from allegiance.experiment.files import PRESETS, load
    from allegiance.registry import (
        ADAPTERS,
        EXPORT_FORMATS,
        GATE_FORMATS,
        PROBES,
        SCAN_FORMATS,
        SCENARIOS,
        Registry,
    )
    from allegiance.scenario.published_rates import MODELS
    from allegiance.scenario.scripted_agent import DESCRIPTIONS
    from allegiance.trace.condition import FACTORS

    def formats(registry: Registry) -> list[tuple[str, str]]:
        return [(name, registry.summary(name)) for name in registry.names()]

    rows = (
        [(name, SCENARIOS.load(name).summary) for name in SCENARIOS.names()],
        [(name, _first_line(PROBES.load(name))) for name in PROBES.names()],
        [(name, ", ".join(map(str, values))) for name, values in FACTORS.items()],
        [
            *DESCRIPTIONS.items(),
            ("calibrated:MODEL", f"draws at the published rates of {', '.join(MODELS)}"),
            ("pass_mark_tracker:CEILING", "reports the pass mark, up to its ceiling"),
            ("paced:SECONDS:NAME", "NAME, taking SECONDS over every turn: for load tests"),
            ("script:NAME", "one script of a scenario by its own name"),
        ],
        [(name, _describe_adapter(name)) for name in ADAPTERS.names()],
        [(name, load(name).title) for name in PRESETS],
        formats(GATE_FORMATS),
        formats(SCAN_FORMATS),
        formats(EXPORT_FORMATS),
    )
    return dict(zip(KINDS, rows, strict=True))


def _first_line(thing: object) -> str:
    return (thing.__doc__ or "").strip().partition("\n")[0]


def _describe_adapter(name: str) -> str:
    """Return an adapter's patterns, and how to install its framework where it is missing."""
    from importlib.metadata import PackageNotFoundError, version

    from allegiance.registry import adapter_info

    try:
        info = adapter_info(name)
    except UserError as error:
        return str(error)
    patterns = ", ".join(info.patterns)
    try:
        for package in info.packages:
            version(package)
    except PackageNotFoundError:
        return f"{patterns} (not installed: {install(name)})"
    return patterns


def command(
    kind: Annotated[
        str, typer.Argument(metavar="[KIND]", help=f"{', '.join(KINDS)}; everything by default.")
    ] = "",
) -> None:
    """List scenarios, probes, factors, scripted agents, adapters, presets and formats."""
    if kind and kind not in KINDS:
        raise UserError(f"unknown kind {kind!r}; use {', '.join(KINDS)}")
    for name, rows in catalogue().items():
        if kind in ("", name):
            typer.secho(name, bold=True)
            for key, text in rows:
                say(f"  {key:<20} {text}")
