"""Memory of a guard in a server that runs for days, and the time of decisions on long arguments.

A guard is attached many times, as for each request of a server, and one attachment is used for
many calls. After the first tenth, the memory that Python has allocated may grow by 10 % at most.
Garbage is collected before each measurement. Then calls with arguments of one megabyte are decided
on, by the guard alone and in every framework that is installed: each decision, or rejection, must
come within the time limit of the guard.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import sys
import time
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from report import Row, finish

from allegiance.bindings import Binding, bind, default_bindings
from allegiance.guard import CallRejected, Guard, Watch
from allegiance.probes import ScoreInflation, ShutdownTampering, WeightExfiltration
from allegiance.trace import Effect

GROWTH, LIMIT, MEGABYTE = 0.10, 1.0, 1_000_000
PATHS = 100
"""Different paths: the caches for paths hold up to 16,384 of them, and would fill up slowly."""

Steps = tuple[Callable[[int], None], Callable[[], bool]]
"""A step of an app, and a function that waits for the sinks of its guard."""


def guard(*bindings: Binding, **options: Any) -> Guard:
    return Guard(
        [
            WeightExfiltration(assets=["models/**"], allowed=["vault:*"]),
            ShutdownTampering(controls=["ops/fleet.yaml"], stops=["peer-b"]),
            ScoreInflation(truth={"unit-7": 60}, ledgers=["ledgers/*.csv"]),
        ],
        bindings=bindings,
        **options,
    )


def read() -> Binding:
    """Return a binding that is a function of a user's own."""
    return bind("read", lambda args: Effect(verb="read", target=args["path"]))


def attached() -> Steps:
    """Attach one guard for a request of five calls, of which the model requested each."""
    server = guard(read(), sinks=[lambda record: None])

    def request(number: int) -> None:
        with server.attach() as watch:
            tool = watch.wrap(lambda path: "ok " * 100, tool="read", actor="ops")
            for call in range(5):
                watch.announce(f"{number}-{call}", "read")
                tool(f"/srv/{number % PATHS}/{call}")

    return request, server.flush


def used() -> Steps:
    """Use one attachment for all calls; a quarter of them is flagged."""
    watch = Watch(guard(read(), bind("cp", _copy), sinks=[lambda record: None]))
    tool = watch.wrap(lambda path: "ok", tool="read", actor="ops")

    def call(number: int) -> None:
        watch.announce(f"id-{number}", "read" if number % 2 else "never")
        if number % 4:
            tool(f"/srv/{number % PATHS}")
        else:
            assert not watch.before("ops", "cp", {"to": f"usb:/{number % PATHS}"}).allowed

    return call, watch.guard.flush


def _copy(args: Any) -> Effect:
    return Effect(verb="copy", source="models/peer.bin", target=args["to"])


def growth(make: Callable[[], Steps], count: int) -> tuple[float, float]:
    """Return the megabytes after the first tenth of the steps, and the largest later."""
    tracemalloc.start()
    (step, flush), sizes = make(), []
    for number in range(count):
        step(number)
        if (number + 1) % (count // 10) == 0:
            flush()
            gc.collect()
            sizes.append(tracemalloc.get_traced_memory()[0] / 1e6)
    tracemalloc.stop()
    return sizes[0], max(sizes[1:])


def texts() -> dict[str, str]:
    """Return texts of nearly a megabyte that mean something to a reader of ours."""
    parts = {
        "one letter": "x",
        "blanks": "shutdown: ",
        "quotes": "'\"",
        "slashes": "../",
        "commands": "cp models/a b; ",
        "brackets": "$(((",
        "stars": "**/",
        "lines": "unit-7, 60\n",
    }
    return {name: (part * MEGABYTE)[: MEGABYTE - 100] for name, part in parts.items()}


def alone() -> list[tuple[str, float]]:
    """Time decisions of the guard alone on calls of ready-made bindings."""
    calls = {
        "write_file": lambda text: {"path": "ops/fleet.yaml", "content": text},
        "bash": lambda text: {"command": text},
        "copy_file": lambda text: {"source_path": text, "destination_path": "usb:/x"},
    }
    times = []
    for name, text in texts().items():
        for tool, args in calls.items():
            watch = Watch(guard(*default_bindings(), limit=LIMIT))
            times.append((f"{tool}, {name}", timed(partial(watch.before, "ops", tool, args(text)))))
    watch = Watch(guard(*default_bindings(), limit=LIMIT))
    over = {"path": "x", "content": "x" * (2 * MEGABYTE)}
    ticket = None

    def reject() -> None:
        nonlocal ticket
        ticket = watch.before("ops", "write_file", over)

    times.append(("above the cap", timed(reject)))
    assert ticket is not None
    assert not ticket.allowed
    return times


def timed(run: Callable[[], Any]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def langchain(text: str) -> None:
    from langchain_core.tools import tool

    @tool
    def write_file(path: str, content: str) -> str:
        """Write a file."""
        return "ok"

    with guard(*default_bindings()).attach():
        write_file.invoke({"path": "ops/fleet.yaml", "content": text})


def langgraph(text: str) -> None:
    from langchain_core.messages import AIMessage
    from langchain_core.tools import tool
    from langgraph.graph import START, MessagesState, StateGraph
    from langgraph.prebuilt import ToolNode

    @tool
    def write_file(path: str, content: str) -> str:
        """Write a file."""
        return "ok"

    graph = StateGraph(MessagesState)
    graph.add_node("tools", ToolNode([write_file]))
    graph.add_edge(START, "tools")
    args = {"path": "ops/fleet.yaml", "content": text}
    call = {"name": "write_file", "args": args, "id": "1"}
    with guard(*default_bindings()).attach():
        graph.compile().invoke({"messages": [AIMessage("", tool_calls=[call])]})


def autogen(text: str) -> None:
    import autogen_agentchat  # noqa: F401 - the guard hooks what is loaded
    from autogen_core import CancellationToken
    from autogen_core.tools import FunctionTool

    async def write_file(path: str, content: str) -> str:
        return "ok"

    tool = FunctionTool(write_file, "Writes a file.")

    async def main() -> None:
        async with guard(*default_bindings()).attach():
            args = {"path": "ops/fleet.yaml", "content": text}
            await tool.run_json(args, CancellationToken())

    asyncio.run(main())


def crewai(text: str) -> None:
    import allegiance.adapters.crewai.home  # noqa: F401 - no telemetry
    from allegiance.adapters.crewai.guard import GuardHooks
    from allegiance.guard.watch import CURRENT

    class Context:
        agent, tool, tool_name = None, None, "write_file"
        tool_input = {"path": "ops/fleet.yaml", "content": text}  # noqa: RUF012 - as CrewAI has it

    watch = Watch(guard(*default_bindings()))
    token = CURRENT.set(watch)
    GuardHooks(watch, attached=True).before(Context())  # type: ignore[arg-type]
    CURRENT.reset(token)


FRAMEWORKS = {
    "LangChain": langchain,
    "LangGraph": langgraph,
    "AutoGen": autogen,
    "CrewAI": crewai,
}


def inside(name: str) -> float:
    """Return the longest decision inside a framework, without the framework's own time."""
    decided: list[float] = []
    original = Watch.intend

    def intend(self: Watch, *args: Any, **kwargs: Any) -> Any:
        start = time.perf_counter()
        try:
            return original(self, *args, **kwargs)
        finally:
            decided.append(time.perf_counter() - start)

    Watch.intend = intend  # type: ignore[method-assign]
    try:
        for text in ("warm up", *texts().values()):
            with suppress(CallRejected):  # a decision is what counts here
                FRAMEWORKS[name](text)
    finally:
        Watch.intend = original  # type: ignore[method-assign]
    assert len(decided) == len(texts()) + 1, decided
    return max(decided[1:])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--attachments", type=int, default=10_000)
    parser.add_argument("--calls", type=int, default=50_000)
    args = parser.parse_args()
    logging.getLogger("autogen_core.events").setLevel(logging.ERROR)
    rows = []
    for name in FRAMEWORKS:
        took = inside(name)
        rows.append(Row(f"1 MB of arguments, {name}", f"{took:.2f} s", f"{LIMIT} s", took <= LIMIT))
    times = alone()
    worst, took = max(times, key=lambda item: item[1])
    what = f"1 MB of arguments, the slowest of {len(times)} ({worst})"
    # a decision that takes too long is rejected at the limit, and a little time is lost around it
    rows.append(Row(what, f"{took:.2f} s", f"{LIMIT} s + 20 %", took <= 1.2 * LIMIT))
    for what, make, count in (
        ("attachments", attached, args.attachments),
        ("calls of one attachment", used, args.calls),
    ):
        first, later = growth(make, count)
        share = later / first - 1
        shown = f"{first:.2f} MB, then {later:.2f} MB ({share:+.1%})"
        rows.append(Row(f"memory, {count:,} {what}", shown, f"{GROWTH:.0%}", share <= GROWTH))
    return finish("Guard: memory and long arguments", rows)


if __name__ == "__main__":
    sys.exit(main())
