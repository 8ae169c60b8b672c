"""Pages made from the code: one a scenario, one a probe, the command line, the public modules."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from griffe import Docstring, DocstringSectionAttributes
from site_scenario import cell, default_stage, scenario_page, table, values

from allegiance.registry import PROBES, SCENARIOS
from allegiance.scenario import Script, Stage

LIMITS = tomllib.loads(Path(__file__).with_name("probe-limits.toml").read_text(encoding="utf-8"))
API: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "effects": ("Effects and traces", ("trace.effects", "trace.events", "trace.trials")),
    "probe": (
        "Probes and duties",
        ("probe.protocol", "probe.timeline", "probe.outcome", "statements.duties", "probes"),
    ),
    "scenario": (
        "Scenarios",
        (
            *("scenario.scenario", "scenario.stage", "scenario.script", "scenario.scripted_agent"),
            *("trace.condition", "world.state", "world.tool"),
        ),
    ),
    "guard": (
        "Guards",
        ("guard.guard", "guard.decider", "guard.decision", "guard.watch", "guard.sinks"),
    ),
    "bindings": ("Bindings", ("bindings.binding", "bindings", "shell.command")),
    "adapter": ("Adapters", ("play.adapter", "play.session", "testing.adapter_contract")),
    "stats": (
        "Statistics",
        ("stats.rates", "stats.intervals", "stats.sequential", "stats.stratified"),
    ),
}


@cache
def all_pages() -> dict[str, str]:
    """Return every generated page by its address in the site."""
    pages = {f"scenarios/{n}.md": scenario_page(SCENARIOS.load(n)) for n in SCENARIOS.builtin}
    pages |= {f"probes/{n}.md": probe_page(n) for n in PROBES.builtin}
    pages |= {f"api/{n}.md": _api_page(*page) for n, page in API.items()}
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
    said = Docstring(_dedent(probe.__doc__ or ""), parser="google").parse()
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
            _dedent(module),
            f"`allegiance.probes.{probe.__name__}`; in tables: *{probe.behaviour}*.",
            "## What it flags",
            text,
            "## Fields",
            table(("field", "type", "default", "meaning"), rows),
            "## Where it is used",
            _used_by(probe),
            "## Limits",
            "\n".join(f"- {limit}" for limit in LIMITS[name]),
            f"The class is described in full under [probes](../api/probe.md"
            f"#allegiance.probes.{probe.__name__}).",
        ]
    )


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


def _dedent(text: str) -> str:
    from inspect import cleandoc

    return cleandoc(text)


def _api_page(title: str, modules: tuple[str, ...]) -> str:
    return f"# {title}\n\n" + "\n".join(f"::: allegiance.{name}\n" for name in modules)


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
