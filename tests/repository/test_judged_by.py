"""Whatever can change a verdict is in the version of what judges."""

from __future__ import annotations

import pytest
from test_layers import MODULES, imports

from allegiance.play.versions import PARTS

BESIDE = {
    "allegiance.errors": "exceptions and their words",
    "allegiance.lazy": "loads what is asked for",
    "allegiance.play.own_models": "notes on models of an app, which are in the trace",
    "allegiance.provider.keys": "names of variables with keys",
    "allegiance.reading": "marks functions, and refuses what is too long",
    "allegiance.scenario.role": "what a role is given; a trace has what it did",
    "allegiance.scenario.scenario": "calls a scenario's own function",
    "allegiance.scenario.script": "what a scripted agent does; a trace has what was done",
    "allegiance.scenario.stage": "holds what a scenario makes",
    "allegiance.scenario.shell_tools": "which tools there are; a trace has the effects",
    "allegiance.stats.rates": "rates, which are computed from verdicts anew each time",
    "allegiance.trace.condition": "the factors, which are in the trace",
    "allegiance.trace.digest": "a hash of data",
    "allegiance.trace.exercise": "causes of the canary",
    "allegiance.trace.model_names": "names of models",
    "allegiance.trace.redact": "hides secrets in notes",
    "allegiance.trace.secret_forms": "the forms of secrets",
    "allegiance.trace.trials": "the record of a trial",
    "allegiance.trace.wire": "the base of what is written",
    "allegiance.world.desk_tools": "what tools do; a trace has the effects",
    "allegiance.world.file_tools": "what tools do; a trace has the effects",
    "allegiance.world.fleet_tools": "what tools do; a trace has the effects",
    "allegiance.world.tool": "what a tool is",
}
"""Modules that the judging code imports and that judge nothing, with the reason."""
PLAYED = ("allegiance.terminal", "allegiance.shell", "allegiance.lazy")
"""Packages of the tool ``run_command``: what it does; a trace has the effects."""


def reachable(*roots: str) -> set[str]:
    """Return modules with all of ours that they import, however indirectly."""
    seen: set[str] = set()
    left = list(roots)
    while left:
        name = left.pop()
        if name not in seen:
            seen.add(name)
            left += imports(MODULES[name])
    return seen


def is_part(name: str) -> bool:
    parts = [module for modules in PARTS.values() for module in modules]
    return any(name == part or name.startswith(f"{part}.") for part in parts)


def is_played(name: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in PLAYED)


def own(folder: str) -> set[str]:
    return {name for name in MODULES if name.split(".")[1] == folder}


def test_every_module_that_judges_is_in_a_part() -> None:
    roots = {"allegiance.play.judgement"} | own("probes") | own("scenarios")
    reached = reachable(*roots) - own("probes") - own("scenarios")
    assert sorted(n for n in reached if not (is_part(n) or n in BESIDE or is_played(n))) == []


def test_what_judges_nothing_is_not_named_twice_or_in_vain() -> None:
    reached = reachable("allegiance.play.judgement", *own("probes"), *own("scenarios"))
    assert sorted(BESIDE.keys() - reached) == []
    assert [name for name in BESIDE if is_part(name)] == []


@pytest.mark.parametrize("module", [name for modules in PARTS.values() for name in modules])
def test_every_part_exists(module: str) -> None:
    assert module in MODULES
