"""CPU time that a guard adds to scripted runs and to scripted apps, and the time of one decision.

The same run is played bare and guarded in turn, in one process, so that whatever else the machine
does falls on both. Two things are measured. A *scripted run* is a trial of a scenario, with and
without ``--guard block``. A *smallest app* is a user's own that does next to nothing, ten calls of
a tool, with a guard attached from outside: three built-in probes, and bindings that are ready-made,
or functions of a user's own, which cost a change of threads a call. Beside it stands what a handler
that does nothing costs there. Nothing is flagged.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import logging
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from statistics import median
from typing import Any

from idle import floor
from report import Row, finish

from allegiance.adapters import _crewai_home  # noqa: F401 - before CrewAI: nothing is sent

# isort: split

from autogen_agentchat.agents import AssistantAgent
from autogen_core import FunctionCall
from autogen_core.models import CreateResult, ModelFamily, RequestUsage
from autogen_ext.models.replay import ReplayChatCompletionClient
from crewai import Agent, BaseLLM, Crew, Task
from crewai.tools import tool as crew_tool
from langchain.agents import create_agent
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage

from allegiance.binding import Binding, bind
from allegiance.bindings import files
from allegiance.effects import Effect
from allegiance.guard import Guard, Policy
from allegiance.plan import expand
from allegiance.probes import ScoreInflation, ShutdownTampering, WeightExfiltration
from allegiance.trial import Limits, make_ready, play
from allegiance.watch import Watch

CALLS, WARM_UP = 10, 5
PLACES = ("langchain:agent", "langgraph:pipeline", "autogen:round_robin", "crewai:sequential")
SHARE, DECISION, EVENTS = 0.05, 100, 1000
App = Callable[[], str]


def arguments(n: int) -> dict[str, str]:
    return {"path": f"reports/unit-{n}.txt", "text": f"Unit {n} is well. " * 20}


def langgraph() -> App:
    def write_file(path: str, text: str) -> str:
        """Write a file."""
        return f"Wrote {len(text)} characters to {path}."

    class Model(GenericFakeChatModel):
        def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
            return self

    def turns() -> Iterator[AIMessage]:
        while True:
            for n in range(CALLS):
                call = {"name": "write_file", "args": arguments(n), "id": f"call-{n}"}
                yield AIMessage("I write.", tool_calls=[call])
            yield AIMessage("Done.")

    agent = create_agent(Model(messages=turns()), [write_file], name="clerk")
    return lambda: str(agent.invoke({"messages": [("user", "Go.")]})["messages"][-1].text)


def autogen() -> App:
    async def write_file(path: str, text: str) -> str:
        """Write a file."""
        return f"Wrote {len(text)} characters to {path}."

    def turn(content: Any, reason: Any) -> CreateResult:
        usage = RequestUsage(0, 0)
        return CreateResult(finish_reason=reason, content=content, usage=usage, cached=False)

    calls = [
        turn([FunctionCall(f"call-{n}", json.dumps(arguments(n)), "write_file")], "function_calls")
        for n in range(CALLS)
    ]
    info: Any = dict.fromkeys(("vision", "json_output", "structured_output"), False)
    info |= {"function_calling": True, "family": ModelFamily.UNKNOWN}

    async def run() -> str:
        model = ReplayChatCompletionClient([*calls, "Done."], info)
        agent = AssistantAgent("clerk", model, tools=[write_file], max_tool_iterations=CALLS + 1)
        return (await agent.run(task="Go.")).messages[-1].to_text()

    loop = asyncio.new_event_loop()
    return lambda: loop.run_until_complete(run())


def crewai() -> App:
    class Model(BaseLLM):
        turns: list[Any]

        def call(self, *args: Any, **kwargs: Any) -> Any:
            return self.turns.pop(0)

        def supports_function_calling(self) -> bool:
            return True

        def get_input_tokens_count(self, *args: Any, **kwargs: Any) -> int:
            return 0

    @crew_tool("write_file")
    def write_file(path: str, text: str) -> str:
        """Write a file."""
        return f"Wrote {len(text)} characters to {path}."

    def run() -> str:
        turns = [
            [{"id": f"call-{n}", "name": "write_file", "arguments": arguments(n)}]
            for n in range(CALLS)
        ]
        clerk = Agent(
            role="clerk",
            goal="Write.",
            backstory="",
            llm=Model(model="scripted", turns=[*turns, "Done."]),
            tools=[write_file],
            max_iter=CALLS + 2,
        )
        task = Task(description="Go.", expected_output="A word.", agent=clerk)
        return str(Crew(agents=[clerk], tasks=[task]).kickoff().raw)

    return run


async def scripted(place: str, runs: int) -> tuple[float, float]:
    """Return the median CPU seconds of trials of two scenarios, and what a guard adds to them."""
    ways = [
        [
            make_ready(cell)
            for cell in expand(
                scenarios=["rubric_grading", "disk_cleanup"],
                adapters=[place],
                models=["organism:loyal"],
                guard=policy,
            ).cells
        ]
        for policy in (None, "block")
    ]
    times: list[list[float]] = [[], []]
    gc.collect()
    gc.freeze()
    for round_ in range(runs + WARM_UP):
        for at in (0, 1) if round_ % 2 else (1, 0):
            start = time.process_time()
            for stand in ways[at]:
                trial = await play(stand, round_, 0, Limits(), None)
                assert trial.outcome == "complied", trial.outcome
            if round_ >= WARM_UP:
                times[at].append(time.process_time() - start)
    return median(times[0]), median(b - a for a, b in zip(*times, strict=True))


def guard(bindings: Sequence[Binding], policy: Policy) -> Guard:
    return Guard(
        [
            WeightExfiltration(assets=["models/**"], allowed=["vault:*"]),
            ShutdownTampering(controls=["ops/fleet.yaml"], stops=["peer-b"]),
            ScoreInflation(truth={"unit-7": 40}, ledgers=["ledgers/*.csv"]),
        ],
        policy=policy,
        bindings=bindings,
    )


def own() -> list[Binding]:
    return files()


def lambdas() -> list[Binding]:
    return [
        bind("write_file", lambda a: Effect(verb="write", target=a["path"], value=a["text"])),
    ]


def measure(app: App, guarded: Sequence[Guard], runs: int) -> tuple[float, list[float]]:
    """Return the median CPU seconds of the bare app, and what each guard adds to it.

    What a guard adds is the median of the differences to the bare run in the same round.
    """
    ways: list[Guard | None] = [None, *guarded]
    times: list[list[float]] = [[] for _ in ways]
    gc.collect()
    gc.freeze()  # or every collection walks over all that the frameworks loaded
    for round_ in range(runs + WARM_UP):
        for turn in range(len(ways)):
            at = (turn + round_) % len(ways)
            way = ways[at]
            start = time.process_time()
            with way.attach() if way is not None else nullcontext():
                said = app()
            if round_ >= WARM_UP:
                times[at].append(time.process_time() - start)
            assert said == "Done.", said
            if way is not None:
                watch = way.watches.pop()
                assert watch.bound == {"write_file": CALLS}, watch.bound
                assert not way.findings
                assert not way.failures, way.failures
    bare = times[0]
    return median(bare), [
        median(b - a for a, b in zip(bare, other, strict=True)) for other in times[1:]
    ]


def decisions(bindings: Sequence[Binding], count: int) -> float:
    """Return the median seconds of a decision at the end of a trace of many events."""
    watch = Watch(guard(bindings, "block"))
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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100, help="runs of every app in every way")
    parser.add_argument("--decisions", type=int, default=1000, help="decisions that are timed")
    args = parser.parse_args()
    logging.getLogger("autogen_core").setLevel(logging.ERROR)  # it writes every call to its log
    logging.getLogger("autogen_core.events").setLevel(logging.ERROR)
    kinds: dict[str, Callable[[], list[Binding]]] = {"ready-made": own, "functions": lambdas}
    policies: tuple[Policy, ...] = ("block", "observe")
    ways = [(kind, policy) for kind in kinds for policy in policies]
    apps: dict[str, Callable[[], App]] = {
        "LangGraph": langgraph,
        "AutoGen": autogen,
        "CrewAI": crewai,
    }
    rows = []
    for place in PLACES:
        bare, extra = asyncio.run(scripted(place, args.runs))
        share = extra / bare
        rows.append(Row(f"scripted run, {place}", f"{share:+.1%}", f"{SHARE:.0%}", share <= SHARE))
    for name, build in apps.items():
        guards = [guard(kinds[kind](), policy) for kind, policy in ways]
        bare, added = measure(build(), guards, args.runs)
        rows.append(Row(f"smallest app, {name}, bare, {CALLS} calls", f"{1000 * bare:.1f} ms"))
        if name == "LangGraph":
            share = floor(build(), args.runs, WARM_UP) / bare
            rows.append(Row(f"  {name}, a handler that does nothing", f"{share:+.1%}"))
        for (kind, policy), extra in zip(ways, added, strict=True):
            share = extra / bare
            said = f"{share:+.1%} ({1e6 * extra / CALLS:.0f} µs a call)"
            what = f"  {name}, {policy}, {kind} bindings"
            rows.append(Row(what, said, f"{SHARE:.0%}", share <= SHARE))
    for kind, make in kinds.items():
        took = 1e6 * decisions(make(), args.decisions)
        what = f"a decision after {EVENTS} events, {kind} bindings"
        rows.append(Row(what, f"{took:.0f} µs", f"{DECISION} µs", took <= DECISION))
    return finish(f"Guard: CPU time, median of {args.runs} runs", rows)


if __name__ == "__main__":
    sys.exit(main())
