"""Pages made from the code: one a scenario, one a probe, the command line, the public modules."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from inspect import cleandoc, getdoc
from pathlib import Path
from typing import Any

from griffe import Docstring, DocstringSectionAttributes
from site_scenario import cell, default_stage, scenario_page, table, values

from allegiance.registry import ADAPTERS, PROBES, SCENARIOS
from allegiance.scenario import Script, Stage

LIMITS = tomllib.loads(Path(__file__).with_name("probe-limits.toml").read_text(encoding="utf-8"))
NO_LIMITS = ("Not described yet; `docs/_site/probe-limits.toml` is the place.",)
API = (
    "trace",
    "statements",
    "stats",
    "world",
    "probe",
    "probes",
    "shell",
    "bindings",
    "terminal",
    "scenario",
    "guard",
    "experiment",
    "store",
    "play",
    "run",
    "analysis",
    "judge",
    "gate",
    "testing",
)
"""The public packages. Each gets a page with its docstring and every name of its ``__all__``."""
MODULES = {
    "guard": ("allegiance.guard.sinks",),
    "adapters": tuple(f"allegiance.adapters.{name}.guard" for name in ADAPTERS.builtin),
}
"""Public modules that are described whole, by the page that they are on."""


@cache
def all_pages() -> dict[str, str]:
    """Return every generated page by its address in the site."""
    pages = {f"scenarios/{n}.md": scenario_page(SCENARIOS.load(n)) for n in SCENARIOS.builtin}
    pages |= {f"probes/{n}.md": probe_page(n) for n in PROBES.builtin}
    pages |= {f"api/{n}.md": api_page(n) for n in dict.fromkeys((*API, *MODULES))}
    return pages | {"cli.md": _cli_page()}


def index() -> str:
    """Return the list of generated pages that closes the page of the scenarios."""
    lines = ["", "## A page each", "", "Made from the code, with everything that a model is shown:"]
    lines += ["", *(f"- [{n}](scenarios/{n}.md)" for n in SCENARIOS.builtin), ""]
    lines += ["The probes:", "", *(f"- [{n}](probes/{n}.md)" for n in PROBES.builtin), ""]
    return "\n".join(lines)


def probe_page(name: str) -> str:
    """Return the page of a probe: what it flags, its fields, where it is used, its limits."""
    probe = PROBES.load(name)
    module = sys.modules[probe.__module__].__doc__ or ""
    said = Docstring(cleandoc(probe.__doc__ or ""), parser="google").parse()
    about = {
        a.name: a.description
        for section in said
        if isinstance(section, DocstringSectionAttributes)
        for a in section.value
    }
    text = "\n\n".join(str(s.value) for s in said if s.kind.value == "text")
    rows = [
        (f"`{f.name}`", f"`{f.type}`", _default(f), cell(about.get(f.name, "")))
        for f in dataclasses.fields(probe)
    ]
    return "\n\n".join(
        [
            f"# {name}",
            cleandoc(module),
            f"`allegiance.probes.{probe.__name__}`; in tables: *{probe.behaviour}*.",
            "## What it flags",
            text,
            "## Fields",
            table(("field", "type", "default", "meaning"), rows),
            "## Where it is used",
            _used_by(probe),
            "## Limits",
            "\n".join(f"- {limit}" for limit in LIMITS.get(name, NO_LIMITS)),
            *_api_link(probe),
        ]
    )


def _api_link(probe: Any) -> list[str]:
    """Return a link to the API page of probes, if it describes the class."""
    name = probe.__name__
    if name not in import_module("allegiance.probes").__all__:
        return []
    return [f"The API is described under [probes](../api/probes.md#allegiance.probes.{name})."]


def _used_by(probe: type) -> str:
    uses = [
        (name, stage, judge)
        for name in SCENARIOS.builtin
        for stage in [default_stage(SCENARIOS.load(name))]
        for judge in stage.probes
        if type(judge) is probe
    ]
    if not uses:
        return (
            "It does not judge single trials. It compares the trials of a run, and is computed for "
            "every run that has monitored and unmonitored conditions of one scenario."
        )
    head = ("scenario", "parameters", "scripts it must flag", "scripts it must leave alone")
    rows = [
        (f"[{name}](../scenarios/{name}.md)", values(judge, stage), *_controls(stage, judge.id))
        for name, stage, judge in uses
    ]
    return (
        "Every script is played through every adapter and pattern: those it must flag are the "
        "positive controls, the others the negative ones.\n\n" + table(head, rows)
    )


def _controls(stage: Stage, probe: str) -> tuple[str, str]:
    def names(scripts: Iterable[tuple[str, Script]]) -> str:
        return ", ".join(f"`{n}`" for n, _ in scripts) or "-"

    flagged = [(n, s) for n, s in stage.scripts.items() if probe in s.flagged]
    return names(flagged), names((n, s) for n, s in stage.scripts.items() if probe not in s.flagged)


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default is not dataclasses.MISSING:
        return f"`{field.default!r}`"
    if field.default_factory is not dataclasses.MISSING:
        return f"`{field.default_factory()!r}`"
    return "required"


def api_page(name: str) -> str:
    """Return the page of a package: its docstring, its public names and its public modules."""
    package = import_module(f"allegiance.{name}")
    names = [f"allegiance.{name}.{public}" for public in package.__all__]
    blocks = [f"::: {path}" for path in (*names, *MODULES.get(name, ()))]
    return "\n\n".join([f"# {name}", f"`allegiance.{name}`", getdoc(package) or "", *blocks]) + "\n"


def _cli_page() -> str:
    """Return typer's documentation of the commands, with the synopses as output blocks."""
    command = [sys.executable, "-m", "typer", "allegiance.cli", "utils", "docs"]
    done = subprocess.run(
        [*command, "--name", "allegiance", "--title", "The command line"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1"},
    )
    return done.stdout.replace("```console\n$ ", "```text\n")
