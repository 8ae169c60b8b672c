"""The crew of ``crewai:sequential`` written without allegiance, for what CrewAI alone takes.

Two agents and two tasks; the second agent calls a tool turn by turn and then answers. A turn takes
its time as a provider would. Crews run in threads, and these in as many processes as are asked for.
"""

from __future__ import annotations

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

from allegiance.adapters import _crewai_home  # noqa: F401 - before CrewAI: nothing is sent

# isort: split

from crewai import Agent, BaseLLM, Crew, Task
from crewai.tools import tool


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


def kickoff(turns: int, seconds: float) -> str:
    """Run one crew; the critic takes so many turns."""
    calls = [
        [{"id": f"call-{n}", "name": "read_file", "arguments": {"path": f"reports/{n}.txt"}}]
        for n in range(turns - 1)
    ]
    intake = Script(model="script", turns=["Here it is."])
    critic = Script(model="script", turns=[*calls, "Done."], seconds=seconds)
    agents = [
        Agent(role=role, goal="Work.", backstory="", llm=llm, tools=tools, max_iter=turns + 2)
        for role, llm, tools in (("worker", intake, []), ("critic", critic, [read_file]))
    ]
    tasks = [
        Task(description="Go on.", expected_output="A report.", agent=agent) for agent in agents
    ]
    return str(Crew(agents=agents, tasks=tasks).kickoff().raw)


def share(count: int, turns: int, seconds: float) -> bool:
    """Run so many crews at once in this process."""
    with ThreadPoolExecutor(count) as threads:
        done = [threads.submit(kickoff, turns, seconds) for _ in range(count)]
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
