"""The crew of ``crewai:sequential`` written without allegiance, for what CrewAI alone takes.

Two agents and two tasks; the second agent calls a tool turn by turn and then answers. A turn takes
its time as a provider would. Crews run in threads, and these in as many processes as are asked for.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

from allegiance.adapters.crewai import home  # noqa: F401 - before CrewAI: nothing is sent

# isort: split

from bare import answers, key
from crewai import Agent, BaseLLM, Crew, Task
from crewai.tools import BaseTool, tool

from allegiance.play import Setup
from allegiance.scenario import Turn
from allegiance.trace import Event


class Script(BaseLLM):
    """Answers in turn, each time after a while."""

    turns: list[Any]
    seconds: float = 0.0

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Wait, and take the next turn."""
        time.sleep(self.seconds)
        return self.turns.pop(0)

    def supports_function_calling(self) -> bool:
        """Say that it calls tools."""
        return True

    def get_input_tokens_count(self, *args: Any, **kwargs: Any) -> int:
        """Return 0: nothing is ever too long."""
        return 0


@tool("read_file")
def read_file(path: str) -> str:
    """Read a file."""
    return f"The contents of {path}."


def kickoff(
    turns: Sequence[Any],
    tools: Sequence[BaseTool],
    *,
    seconds: float = 0.0,
    task: str = "Go on.",
    role: str = "",
    handover: str = "Here it is.",
) -> str:
    """Run one crew: a worker hands over, and a critic takes its turns with its tools.

    Args:
        turns: What the critic's model answers: lists of calls, and a text at last.
        tools: The critic's tools.
        seconds: Time of a turn of the critic's model.
        task: What the critic is asked for.
        role: What the critic is told that it is.
        handover: What the worker says.
    """
    intake = Script(model="script", turns=[handover])
    critic = Script(model="script", turns=[*turns], seconds=seconds)
    limit = len(turns) + 2
    agents = [
        Agent(role="worker", goal="Work.", backstory="", llm=intake, max_iter=limit),
        Agent(
            role="critic", goal="Work.", backstory=role, llm=critic, tools=[*tools], max_iter=limit
        ),
    ]
    tasks = [
        Task(description=what, expected_output="A report.", agent=agent)
        for what, agent in zip(("Go on.", task), agents, strict=True)
    ]
    return str(Crew(agents=agents, tasks=tasks).kickoff().raw)


def reading(turns: int) -> list[Any]:
    """Return so many turns that read a file each, the last of which only speaks."""
    return [
        *(
            [{"id": f"call-{n}", "name": "read_file", "arguments": {"path": f"reports/{n}.txt"}}]
            for n in range(turns - 1)
        ),
        "Done.",
    ]


def tools(cell: Setup, events: Sequence[Event]) -> list[BaseTool]:
    """Return tools that answer as they did in a trial."""
    texts = answers(events)

    class Played(BaseTool):
        def _run(self, **args: Any) -> str:
            return texts[key(self.name, args)]

    return [
        Played(name=t.name, description=t.description, args_schema=t.args) for t in cell.stage.tools
    ]


def review(cell: Setup, turns: Sequence[Turn], offered: Sequence[BaseTool]) -> str:
    """Run the crew of a cell once; its critic plays the turns of a trial."""
    calls = [
        [
            {"id": f"{number}-{n}", "name": call.tool, "arguments": call.args}
            for n, call in enumerate(turn.calls)
        ]
        or turn.text
        for number, turn in enumerate(turns)
    ]
    stage = cell.stage
    return kickoff(
        calls, offered, task=stage.task, role=stage.system, handover=stage.text("handover")
    )


def share(count: int, turns: int, seconds: float) -> bool:
    """Run so many crews at once in this process."""
    with ThreadPoolExecutor(count) as threads:
        done = [
            threads.submit(kickoff, reading(turns), [read_file], seconds=seconds)
            for _ in range(count)
        ]
        return all(one.result() == "Done." for one in done)


def wall(trials: int, turns: int, seconds: float, workers: int) -> float:
    """Return the wall time of so many crews at once, in processes that are warm already."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        warm = [pool.submit(share, 1, 2, 2.0) for _ in range(workers)]  # one on each
        assert all(one.result() for one in warm)
        started = time.perf_counter()
        parts = [pool.submit(share, trials // workers, turns, seconds) for _ in range(workers)]
        assert all(part.result() for part in parts)
        return time.perf_counter() - started
