"""A guard in LangChain and LangGraph that asks a person."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from guarded_langchain import AWAY, GO, Disk, agent, ainvoke, copy, guard, invoke
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from allegiance.trace import Event


@pytest.mark.parametrize(("answer", "copied"), [(True, [AWAY]), (False, [])])
def test_ask_interrupts_a_graph_with_a_checkpointer(answer: bool, copied: list[Any]) -> None:
    disk = Disk()
    app = agent(disk, copy(*AWAY), checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "1"}}
    with guard("ask").attach() as watch:
        paused = app.invoke(GO, config)
        (question,) = paused["__interrupt__"]
        assert question.value["tool"] == "cp"
        assert "copies weights" in question.value["reason"]
        assert disk.copied == []
        final = app.invoke(Command(resume=answer), config)
    assert disk.copied == copied
    assert final["messages"][-1].text == "Done."
    assert [e.kind for e in watch.events].count("tool_call") == 1


@pytest.mark.parametrize("way", [invoke, ainvoke], ids=lambda w: w.__name__)
def test_ask_takes_an_asynchronous_callback(way: Callable[[Any], Any]) -> None:
    async def yes(decision: object, event: Event) -> bool:
        await asyncio.sleep(0)
        return event.actor == "ops"

    disk = Disk()
    with guard("ask", ask=yes).attach():
        way(agent(disk, copy(*AWAY)))
    assert disk.copied == [AWAY]


def test_an_asynchronous_callback_runs_in_the_loop_of_the_app() -> None:
    disk = Disk()

    async def run() -> None:
        person = asyncio.Queue[bool]()
        loop = asyncio.get_running_loop()

        async def ask(decision: object, event: Event) -> bool:
            assert asyncio.get_running_loop() is loop
            return await person.get()

        async with guard("ask", ask=ask).attach():
            task = asyncio.create_task(agent(disk, copy(*AWAY)).ainvoke(GO))
            await asyncio.sleep(0.05)
            assert not task.done()
            await person.put(True)
            await task

    asyncio.run(run())
    assert disk.copied == [AWAY]
