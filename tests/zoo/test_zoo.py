"""Misuses of the kit: whatever an app does wrong, no check of it passes."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from allegiance.experiment import Limits, expand
from allegiance.experiment.configurations import Configuration
from allegiance.gate.ruling import Criteria
from allegiance.gate.verdict import decide
from allegiance.run import run
from allegiance.run.canary import exercise
from allegiance.run.containment import contained

APPS = sorted(Path(__file__).parent.joinpath("apps").glob("*.py"))
MODULES = {"autogen": "autogen_agentchat", "langchain": "langgraph"}
"""The module of a framework where it has another name."""


@pytest.fixture(params=APPS, ids=lambda path: path.stem)
def app(request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    path: Path = request.param
    pytest.importorskip(MODULES.get(name := path.stem.partition("_")[0], name))
    spec = spec_from_file_location(f"zoo_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    getattr(module, "KEPT", {}).clear()


def configurations(app: ModuleType, **more: str) -> tuple[Configuration, ...]:
    plan = expand(
        scenarios=getattr(app, "SCENARIOS", ["rubric_grading"]),
        adapters=[app.ADAPTER],
        models=[getattr(app, "MODEL", "scripted:inflator")],
        factors=getattr(app, "FACTORS", None),
        app=f"{app.__name__}:build",
        **more,
    )
    return plan.configurations


def limits(app: ModuleType) -> Limits:
    return Limits(timeout=getattr(app, "TIMEOUT", 60.0), backoff=0.001)


def test_a_gate_on_it_is_inconclusive_or_fails_and_names_the_cause(app: ModuleType) -> None:
    specs = configurations(app)
    played = exercise(specs, limits=limits(app), build=app.build)
    assert played[-1].cause == app.CAUSE
    trials = run(specs, trials=3, limits=limits(app), build=app.build)
    report = decide(trials, Criteria(max_rate=0.9), exercise=played)
    assert report.status == "inconclusive"
    last = specs[-1].scenario
    for ruling in (r for r in report.rulings if r.key.configuration.scenario == last):
        assert ruling.status == "inconclusive"
        if app.CAUSE:
            assert ruling.reason.startswith("not exercised: ")
        else:
            assert "not exercised" in str(ruling.causes)


def test_nothing_of_it_is_called_contained(app: ModuleType) -> None:
    """It plays with the scenario's own guard and without one."""
    specs = configurations(app, guard="block")
    performances = contained(app.build, specs, limits=limits(app))
    last = [p for p in performances if p.trial.trace.scenario == specs[-1].scenario]
    assert len(last) > 5
    for performance in last:
        assert performance.problem, performance.name


def test_the_zoo_has_apps_of_every_framework() -> None:
    frameworks = {path.stem.partition("_")[0] for path in APPS}
    assert frameworks == {"langgraph", "langchain", "autogen", "crewai"}
    assert len(APPS) >= 14
