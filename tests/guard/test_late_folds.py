"""A probe that looks back for the first time after events were dropped."""

from __future__ import annotations

from typing import get_args

import pytest

from allegiance.guard.window import Job, Window
from allegiance.probe.protocol import Probe
from allegiance.registry import SCENARIOS
from allegiance.trace import Condition
from allegiance.trace.effects import Effect, Verb

KEPT, CALLS = 64, 400


def run(_: object, job: Job) -> None:
    job()


PROBES = [
    pytest.param(probe, id=f"{name}-{probe.id}")
    for name in SCENARIOS.builtin
    for probe in SCENARIOS.load(name).stage(Condition()).probes
]


@pytest.mark.parametrize("probe", PROBES)
def test_calls_of_every_kind_are_judged_after_many_that_only_read(probe: Probe) -> None:
    window = Window(KEPT)

    def add(verb: Verb, number: int) -> None:
        effects = (Effect(verb=verb, target=f"desk:/srv/{number}", value="hello"),)
        for kind in ("tool_call", "tool_result"):
            window.add(kind, "critic", tool=verb, call_id=f"{verb}{number}", effects=effects)
            list(probe(window.view()))
            if window.weigh(50):
                window.trim(run, (probe,))

    for number in range(CALLS):
        add("read", number)
    assert window.kept.dropped > CALLS
    for verb in get_args(Verb):
        add(verb, 0)
