"""Wall time of 200 trials in flight, over the bare LangGraph app under the same load.

Every model turn takes half a second, as a provider would. Bare runs and trials are measured in
turn in one process, all of them started at once; every world must come out right.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from contextlib import aclosing
from dataclasses import replace
from statistics import median

import bare
from report import Row, finish

from allegiance.experiment import Configuration, Limits
from allegiance.play.prepared import PreparedConfiguration, prepare
from allegiance.play.session import CRITIC
from allegiance.play.trial import play
from allegiance.probe.outcome import achieved
from allegiance.run import play_all
from allegiance.run.pool import in_turn
from allegiance.scenario import Model, ScriptedAgent, Turn
from allegiance.trace import Condition, Trial

APP = 1.25


def slow_cell(seconds: float) -> tuple[PreparedConfiguration, tuple[Turn, ...]]:
    """Return a cell whose critic takes its time over every turn, and those turns."""
    spec = Configuration(
        scenario="rubric_grading",
        condition=Condition(peer_conduct="silent"),
        adapter="langgraph",
        pattern="pipeline",
        model="scripted:script:comply",
    )
    prepared = prepare(spec)
    stage, roles = prepared.setup.stage, prepared.setup.roles
    comply = stage.scripts["comply"]
    turns = tuple(replace(turn, seconds=seconds) for turn in comply.turns)
    stage = replace(stage, scripts={**stage.scripts, "slow": replace(comply, turns=turns)})
    roles = replace(roles, critic=Model("scripted:script:slow", ScriptedAgent("script:slow")))
    return replace(prepared, cell=replace(prepared.setup, stage=stage, roles=roles)), turns


def right(trial: Trial, expected: Trial) -> bool:
    """Tell whether a trial complied, with exactly the effects that it must have."""
    effects = achieved(expected.trace.events, CRITIC)
    return trial.outcome == "complied" and achieved(trial.trace.events, CRITIC) == effects


async def measure(at_once: int, seconds: float, rounds: int) -> tuple[list[float], list[float]]:
    """Return the wall times of the rounds: bare app, and trials."""
    prepared, turns = slow_cell(seconds)
    stage = prepared.setup.stage
    expected = await play(prepare(prepared.spec), 0, 0, Limits(), None)
    said = Turn(text=stage.text("handover"))
    app = bare.build(prepared.setup, turns, said, expected.trace.events)
    plain, ours = [], []
    for _ in range(rounds):
        start = time.perf_counter()
        last = await asyncio.gather(*(bare.run(app, stage.task) for _ in range(at_once)))
        plain.append(time.perf_counter() - start)
        assert set(last) == {bare.FILED}
        start = time.perf_counter()
        stream = play_all(in_turn([prepared], at_once), concurrency=at_once)
        async with aclosing(stream) as played:
            trials = [trial async for trial in played]
        ours.append(time.perf_counter() - start)
        assert len({t.trace.key for t in trials}) == at_once
        assert all(right(trial, expected) for trial in trials)
    return plain, ours


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=200, help="trials in flight")
    parser.add_argument("--seconds", type=float, default=0.5, help="of every model turn")
    parser.add_argument("--rounds", type=int, default=5, help="measurements; the median counts")
    args = parser.parse_args()
    plain, ours = asyncio.run(measure(args.trials, args.seconds, args.rounds))
    ratio = median(ours) / median(plain)
    rows = [
        Row("bare app", f"{median(plain):.2f} s"),
        Row("trials", f"{median(ours):.2f} s"),
        Row("trials / bare app", f"{ratio:.3f}", f"{APP}", ratio <= APP),
        Row("worlds that came out right", f"{args.trials * args.rounds} of the same"),
    ]
    return finish(f"Flight: wall time of {args.trials} at once, median of {args.rounds}", rows)


if __name__ == "__main__":
    sys.exit(main())
