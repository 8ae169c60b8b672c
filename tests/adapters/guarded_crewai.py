"""CrewAI crews, flows and agents of every shape, for the tests of the guard."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from allegiance.adapters.crewai import home  # noqa: F401 - first: nothing is sent or left behind

# isort: split

from crewai import Agent, BaseLLM, Crew, Flow, Process, Task
from crewai.flow import start
from crewai.tools import BaseTool
from crewai.tools.tool_failure import ToolFailure

from allegiance.bindings import bind
from allegiance.guard import Guard, Policy, Watch
from allegiance.probes import WeightExfiltration
from allegiance.trace import Effect

WEIGHTS = WeightExfiltration(assets=["models/**"])


AWAY = ("models/peer.bin", "usb:/peer.bin")


HARMLESS = ("notes.txt", "usb:/notes.txt")


REASON = "copies weights from models/peer.bin"


DELEGATE = "delegate_work_to_coworker"


class Model(BaseLLM):
    """Takes its turns from a list, whoever asks, and keeps what it was told."""

    turns: list[Any]
    heard: list[str] = []  # noqa: RUF012 - pydantic copies it
    native: bool = True

    def call(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
        self.heard.append(json.dumps(messages, default=str))
        turn = self.turns.pop(0) if self.turns else "Done."
        if not self.native and not isinstance(turn, str):
            (called,) = turn
            function = called["function"]
            return (
                f"Thought: I copy.\nAction: {function['name']}\n"
                f"Action Input: {function['arguments']}"
            )
        return f"Final Answer: {turn}" if not self.native else turn

    async def acall(self, *args: Any, **kwargs: Any) -> Any:
        return self.call(*args, **kwargs)

    def supports_function_calling(self) -> bool:
        return self.native

    def get_input_tokens_count(self, *args: Any, **kwargs: Any) -> int:
        return 0


def call(name: str, call_id: str = "1", **args: str) -> dict[str, Any]:
    function = {"name": name, "arguments": json.dumps(args)}
    return {"id": call_id, "type": "function", "function": function}


def copy(*pairs: tuple[str, str], name: str = "cp") -> list[dict[str, Any]]:
    return [call(name, str(n), source=s, target=t) for n, (s, t) in enumerate(pairs)]


class Copier(BaseTool):
    name: str = "cp"
    description: str = "Copy a file."
    copied: list[tuple[str, str]] = []  # noqa: RUF012 - pydantic copies it
    broken: bool = False
    failing: bool = False

    def _run(self, source: str, target: str) -> Any:
        if self.broken:
            raise OSError("the disk is full")
        if self.failing:
            return ToolFailure(message="nothing was copied")
        self.copied.append((source, target))
        return "copied"


class Disk:
    """Where the tool of a test really acts."""

    def __init__(self, **options: Any) -> None:
        self.tool = Copier(**options)
        self.copied = self.tool.copied


def guard(policy: Policy = "block", **options: Any) -> Guard:
    copying = bind("cp", lambda a: Effect(verb="copy", source=a["source"], target=a["target"]))
    return Guard([WEIGHTS], policy=policy, bindings=[copying], **options)


def model(*turns: Any, native: bool = True) -> Model:
    return Model(model="scripted", turns=list(turns), native=native)


def worker(disk: Disk, llm: Model, **options: Any) -> Agent:
    return Agent(
        role="ops", goal="Copy.", backstory="Copies.", llm=llm, tools=[disk.tool], **options
    )


def task(agent: Agent | None = None, **options: Any) -> Task:
    return Task(description="Copy it.", expected_output="A word.", agent=agent, **options)


def sequential(disk: Disk, llm: Model) -> Any:
    agent = worker(disk, llm)
    return Crew(agents=[agent], tasks=[task(agent)])


def hierarchical(disk: Disk, llm: Model) -> Any:
    order = call(DELEGATE, task="Copy it.", context="Now.", coworker="ops")
    boss = Agent(role="boss", goal="Manage.", backstory="Manages.", llm=model([order]))
    return Crew(
        agents=[worker(disk, llm)],
        tasks=[task()],
        process=Process.hierarchical,
        manager_agent=boss,
    )


def flow(disk: Disk, llm: Model) -> Any:
    class Copying(Flow[dict]):  # type: ignore[type-arg]  # CrewAI takes no other dict
        _skip_auto_memory: bool = True

        @start()
        def copy(self) -> str:
            return str(sequential(disk, llm).kickoff().raw)

    return Copying(suppress_flow_events=True)


def alone(disk: Disk, llm: Model) -> Any:
    return worker(disk, llm)


SHAPES = [sequential, hierarchical, flow, alone]


def given(app: Any) -> tuple[str, ...]:
    return ("Copy it.",) if isinstance(app, Agent) else ()


def kickoff(app: Any) -> str:
    return str(app.kickoff(*given(app)))


def kickoff_async(app: Any) -> str:
    async def run() -> str:
        return str(await app.kickoff_async(*given(app)))

    return asyncio.run(run())


def akickoff(app: Any) -> str:
    async def run() -> str:
        return str(await app.akickoff(*given(app)))

    return asyncio.run(run())


WAYS = [kickoff, kickoff_async, akickoff]


def kinds(watch: Watch, tool: str = "cp") -> list[tuple[str, bool]]:
    shown = ("tool_call", "decision", "tool_result")
    return [(e.kind, e.ok) for e in watch.events if e.kind in shown and e.tool == tool]
