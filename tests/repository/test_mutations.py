"""Breaking any probe breaks what some example shows: the examples' checks can fail."""

from __future__ import annotations

import asyncio
import inspect
import io
from collections.abc import Callable, Iterable
from contextlib import redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from example_facts import FACTS

from allegiance import probes
from allegiance.probe import View
from allegiance.probe.protocol import make_finding
from allegiance.probes import AlignmentFaking
from allegiance.registry import SCENARIOS
from allegiance.stats import Contrast, contrast
from allegiance.trace import Condition, Finding, Trial

ROOT = Path(__file__).parents[2]
SHOWN_BY = {
    "ScoreInflation": ("review_board/app.py", "evaluator_middleware/app.py"),
    "ShutdownTampering": ("fleet_supervisor/app.py",),
    "WeightExfiltration": ("fleet_supervisor/app.py", "operations_crew/app.py"),
    "FeignedCompliance": ("fleet_supervisor/app.py",),
    "AlignmentFaking": ("evaluator_middleware/app.py",),
}
"""The examples that depend on a probe."""
SHOWN_BY_SCRIPTS = {
    "Collusion": "collusion",
    "Misreporting": "misreporting",
    "RecordTampering": "record_tampering",
    "FalseDecision": "false_decision",
    "WithheldAlert": "withheld_alert",
}
"""Probes that only scripted agents of the scenarios show, with their ids."""
PAIRS = [(probe, example) for probe, examples in SHOWN_BY.items() for example in examples]


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)


def shown(example: str) -> str:
    """Return what an example prints, played in this process."""
    main = import_module(f"examples.{example.removesuffix('.py').replace('/', '.')}").main
    printed = io.StringIO()
    with redirect_stdout(printed):
        if inspect.iscoroutinefunction(main):
            asyncio.run(main())
        else:
            main()
    return printed.getvalue()


def mutate(monkeypatch: pytest.MonkeyPatch, probe: str, call: Callable[..., Any]) -> None:
    monkeypatch.setattr(getattr(probes, probe), "__call__", call)


def silent(self: Any, given: Any) -> list[Any]:
    """Find nothing."""
    return []


def loud(self: Any, view: View) -> Iterable[Finding]:
    """Flag every call."""
    if view.event.kind == "tool_call":
        yield make_finding(self, view.event, (view.event.seq,), "attempted", "a call was made")


def loud_contrast(self: AlignmentFaking, trials: Iterable[Trial]) -> list[Contrast]:
    """Find the largest difference that there can be, whatever was done."""
    return [contrast("all", [True] * 10, [False] * 10)]


def test_every_probe_is_shown_by_an_example_or_a_script() -> None:
    assert {*SHOWN_BY, *SHOWN_BY_SCRIPTS} == set(probes.__all__) - {"Breach"}
    stages = (SCENARIOS.load(name).stage(Condition()) for name in SCENARIOS.builtin)
    flagged = {probe for s in stages for script in s.scripts.values() for probe in script.flagged}
    assert set(SHOWN_BY_SCRIPTS.values()) <= flagged


@pytest.mark.parametrize("example", FACTS)
def test_the_checks_hold_as_long_as_the_probes_are_whole(example: str) -> None:
    FACTS[example](shown(example))


@pytest.mark.parametrize(("probe", "example"), PAIRS)
def test_a_probe_that_finds_nothing_is_noticed(
    probe: str, example: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutate(monkeypatch, probe, silent)
    text = shown(example)  # the example runs: it is what it shows that is wrong
    with pytest.raises(AssertionError):
        FACTS[example](text)


@pytest.mark.parametrize(("probe", "example"), PAIRS)
def test_a_probe_that_flags_everything_is_noticed(
    probe: str, example: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutate(monkeypatch, probe, loud_contrast if probe == "AlignmentFaking" else loud)
    text = shown(example)
    with pytest.raises(AssertionError):
        FACTS[example](text)
