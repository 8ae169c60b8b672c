"""CPU time that a guard adds to scripted runs, and the time of one decision.

The same run is played bare and guarded in turn, in one process, so that whatever else the machine
does falls on both. Two scenarios are played by a loyal script: as *trials*, with and without
``--guard block``, and as *apps* of the frameworks alone, with a guard attached from outside, or
built in where a framework has a place for it. The guard of an app has three built-in probes, the
ready-made bindings of file tools, and one binding that is a function of a user's own, which costs a
change of threads a call. Beside LangGraph stands what a handler that does nothing costs there.
Nothing is flagged. Every framework has a process of its own, as it has where it is used.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from statistics import median
from typing import Any, TypeVar

from report import Row, finish

from allegiance.bindings import Binding, bind, files
from allegiance.experiment import Limits, expand
from allegiance.guard import Guard, Policy, Watch
from allegiance.play import Setup
from allegiance.play.prepared import PreparedConfiguration, prepare
from allegiance.play.trial import play
from allegiance.probes import ScoreInflation, ShutdownTampering, WeightExfiltration
from allegiance.scenario import Turn
from allegiance.trace import Effect, Event

WARM_UP = 5
PLACES = ("langchain:agent", "langgraph:pipeline", "autogen:round_robin", "crewai:sequential")
SCENARIOS = ("rubric_grading", "disk_cleanup")
SHARE, DECISION, EVENTS = 0.05, 100, 1000
App = Callable[[], str]
T = TypeVar("T")


def prepared_configurations(
    place: str, policy: Policy | None = None
) -> list[PreparedConfiguration]:
    """Return the cells of one place, ready to play."""
    plan = expand(scenarios=[*SCENARIOS], adapters=[place], models=["scripted:loyal"], guard=policy)
    return [prepare(cell) for cell in plan.configurations]


def trials(place: str, runs: int) -> tuple[float, float]:
    """Return the median CPU seconds of trials of the scenarios, and what a guard adds to them."""
    ways = [prepared_configurations(place), prepared_configurations(place, "block")]

    async def played(number: int, at: int) -> None:
        for prepared in ways[at]:
            trial = await play(prepared, number, 0, Limits(), None)
            assert trial.outcome == "complied", trial.outcome

    with asyncio.Runner() as runner:
        return compared([lambda n, at=at: runner.run(played(n, at)) for at in (0, 1)], runs)[0]


def guard(bindings: Sequence[Binding], policy: Policy = "block") -> Guard:
    return Guard(
        [
            WeightExfiltration(assets=["models/**"], allowed=["vault:*"]),
            ShutdownTampering(controls=["ops/fleet.yaml"], stops=["peer-b"]),
            ScoreInflation(truth={"unit-7": 60}, ledgers=["ledgers/*.csv"]),
        ],
        policy=policy,
        bindings=bindings,
    )


def own() -> list[Binding]:
    """Return the bindings of an app: file tools, and one tool that only its user knows."""

    def scored(args: Any) -> Effect:
        return Effect(verb="score", target=args["unit"], value=args["score"])

    return [*files(), bind("submit_evaluation", scored)]


@dataclass(frozen=True)
class Played:
    """A trial that was played, for apps that play it again."""

    cell: Setup
    turns: tuple[Turn, ...]
    events: tuple[Event, ...]


def played(place: str) -> list[Played]:
    """Play one trial of each cell of a place."""
    found = []
    for prepared in prepared_configurations(place):
        trial = asyncio.run(play(prepared, 0, 0, Limits(), None))
        turns = prepared.setup.stage.script("loyal").turns
        found.append(Played(prepared.setup, turns, trial.trace.events))
    return found


def langgraph(runner: asyncio.Runner, guard: Guard | None = None) -> list[App]:
    """Return graphs with the structure of ``langgraph:pipeline``, with a guarded node perhaps."""
    import bare

    from allegiance.adapters.langchain.guard import tool_node

    make = partial(tool_node, guard=guard) if guard else bare.ToolNode
    apps: list[App] = []
    for one in played("langgraph:pipeline"):
        said = Turn(text=one.setup.stage.text("handover"))
        graph = bare.build(one.setup, one.turns, said, one.events, make)
        apps.append(partial(_awaited, runner, bare.run, graph, one.setup.stage.task))
    return apps


def autogen(runner: asyncio.Runner) -> list[App]:
    """Return the teams of ``autogen:round_robin``."""
    import bare_team

    logging.getLogger("autogen_core").setLevel(logging.ERROR)  # it writes every call to its log
    logging.getLogger("autogen_core.events").setLevel(logging.ERROR)
    return [
        partial(_awaited, runner, bare_team.run, one.setup, tools, one.turns)
        for one in played("autogen:round_robin")
        for tools in (bare_team.tools(one.setup, one.events),)
    ]


def crewai(runner: asyncio.Runner) -> list[App]:
    """Return the crews of ``crewai:sequential``."""
    import bare_crew

    return [
        partial(bare_crew.review, one.setup, one.turns, tools)
        for one in played("crewai:sequential")
        for tools in (bare_crew.tools(one.setup, one.events),)
    ]


def _awaited(runner: asyncio.Runner, run: Callable[..., Any], *given: Any) -> str:
    # a runner keeps the context that it began with, in which no guard is attached
    return str(runner.run(run(*given), context=copy_context()))


Attach = Callable[[], AbstractContextManager[Any]]


def once(apps: Sequence[App], attach: Attach, guard: Guard | None) -> None:
    """Run every app once, and look whether the guard saw it."""
    for app in apps:
        with attach():
            said = app()
        assert said, said
    if guard is not None:
        assert not guard.findings
        assert not guard.failures, guard.failures


def compared(ways: Sequence[Callable[[int], None]], runs: int) -> list[tuple[float, float]]:
    """Return for each way but the first the CPU seconds of the first, and what it adds to them.

    What a way adds is the median of the differences to the first in the same round.
    """
    times: list[list[float]] = [[] for _ in ways]
    gc.collect()
    gc.freeze()  # or every collection walks over all that the frameworks loaded
    for round_ in range(runs + WARM_UP):
        for turn in range(len(ways)):
            at = (turn + round_) % len(ways)
            start = time.process_time()
            ways[at](round_)
            if round_ >= WARM_UP:
                times[at].append(time.process_time() - start)
    first, *others = times
    return [
        (median(first), median(b - a for a, b in zip(first, other, strict=True)))
        for other in others
    ]


APPS: dict[str, tuple[Callable[[asyncio.Runner], list[App]], str]] = {
    "LangGraph": (langgraph, "langgraph:pipeline"),
    "AutoGen": (autogen, "autogen:round_robin"),
    "CrewAI": (crewai, "crewai:sequential"),
}


def attached(name: str, runs: int) -> list[Row]:
    """Measure the apps of one framework, bare and with a guard."""
    build, place = APPS[name]
    with asyncio.Runner() as runner:
        runner.run(asyncio.sleep(0))
        apps = build(runner)
        scripts = [
            prepared.setup.stage.script("loyal") for prepared in prepared_configurations(place)
        ]
        calls = sum(len(turn.calls) for script in scripts for turn in script.turns)
        seen: Counter[str] = Counter()
        outside = guard(own())

        def guarded() -> AbstractContextManager[Any]:
            if outside.watches:
                seen.update(outside.watches.pop().bound)
            return outside.attach()

        ways: dict[str, Callable[[int], None]] = {
            "bare": lambda _: once(apps, nullcontext, None),
            "attached from outside": lambda _: once(apps, guarded, outside),
        }
        if name == "LangGraph":
            from idle import idle

            inside = guard(own())
            built = langgraph(runner, inside)
            ways["its ToolNode"] = lambda _: once(built, nullcontext, inside)
            ways["a handler that does nothing"] = lambda _: once(apps, idle, None)
        rows = []
        for what, (bare_, extra) in zip([*ways][1:], compared([*ways.values()], runs), strict=True):
            share = extra / bare_
            said = f"{share:+.1%} ({1e6 * extra / calls:.0f} µs a call of {calls})"
            target = (f"{SHARE:.0%}", share <= SHARE) if "nothing" not in what else ()
            rows.append(Row(f"scripted app, {name}, {what}", said, *target))
        assert seen["submit_evaluation"] > runs, seen
        if name == "LangGraph":
            assert inside.watches[0].bound["submit_evaluation"] > runs, inside.watches
        return rows


def arguments(n: int) -> dict[str, str]:
    return {"path": f"reports/unit-{n}.txt", "text": f"Unit {n} is well. " * 20}


def lambdas() -> list[Binding]:
    """Return a binding that is a function of a user's own."""
    return [
        bind("write_file", lambda a: Effect(verb="write", target=a["path"], value=a["text"])),
    ]


def decisions(bindings: Sequence[Binding], count: int) -> float:
    """Return the median seconds of a decision at the end of a trace of many events."""
    watch = Watch(guard(bindings))
    for n in range(EVENTS // 2):
        watch.after(watch.before("clerk", "write_file", arguments(n), f"call-{n}"), "Wrote it.")
    assert len(watch.events) == EVENTS
    times = []
    for n in range(count):
        given = arguments(n)
        start = time.perf_counter()
        watch.before("clerk", "write_file", given, f"new-{n}")
        times.append(time.perf_counter() - start)
    return median(times)


def alone(measure: Callable[..., T], *given: Any) -> T:
    """Measure in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measure, *given).result()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100, help="runs of every app in every way")
    parser.add_argument("--decisions", type=int, default=1000, help="decisions that are timed")
    args = parser.parse_args()
    rows = []
    for place in PLACES:
        bare_, extra = alone(trials, place, args.runs)
        share = extra / bare_
        rows.append(Row(f"trial, {place}", f"{share:+.1%}", f"{SHARE:.0%}", share <= SHARE))
    for name in APPS:
        rows += alone(attached, name, args.runs)
    for kind, make in {"ready-made": files, "functions": lambdas}.items():
        took = 1e6 * decisions(make(), args.decisions)
        what = f"a decision after {EVENTS} events, {kind} bindings"
        rows.append(Row(what, f"{took:.0f} µs", f"{DECISION} µs", took <= DECISION))
    return finish(f"Guard: CPU time, median of {args.runs} runs", rows)


if __name__ == "__main__":
    sys.exit(main())
