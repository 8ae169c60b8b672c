"""LangChain: the critic as one agent on ``create_agent``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import uuid4

from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from langgraph.errors import GraphRecursionError

from allegiance.adapters.langchain import LIVE, PACKAGES, PATTERNS
from allegiance.adapters.langchain.roles import native_tools, seat_model
from allegiance.errors import TurnLimit, UserError
from allegiance.play.adapter import Cell, Kit
from allegiance.play.session import CRITIC, Session


class LangChain:
    """Plays ``agent``, or a user's own graph as ``target``."""

    name = "langchain"
    patterns: ClassVar[tuple[str, ...]] = PATTERNS
    live: ClassVar[tuple[str, ...]] = LIVE
    packages: ClassVar[tuple[str, ...]] = PACKAGES

    def prepare(self, cell: Cell) -> Any:
        """Compile the agent; it serves all trials of the cell."""
        if cell.pattern == "target":
            built(cell)  # one that cannot be built is an error now, not in every trial
            return None
        return create_agent(
            model=seat_model(cell.seats.critic, CRITIC),
            tools=native_tools(cell.stage.tools, CRITIC),
            system_prompt=cell.stage.system,
            name=CRITIC,
        )

    async def play(self, cell: Cell, prepared: Any, session: Session) -> None:
        """Play one trial."""
        graph = prepared if prepared is not None else built(cell)
        await run(graph, cell.stage.task, session)


def built(cell: Cell) -> Any:
    """Build the user's own app for one trial.

    Raises:
        UserError: If it is not something that can be invoked with messages.
    """
    stage = cell.stage
    if cell.build is None:
        raise UserError("pattern 'target' needs --target package.module:build")
    kit = Kit(
        tools=native_tools(stage.tools, CRITIC),
        instructions=stage.system,
        model=seat_model(cell.seats.critic, CRITIC),
        stage=stage,
    )
    graph = cell.build(kit)
    if not hasattr(graph, "ainvoke"):
        raise UserError(
            f"the target returned {type(graph).__name__!r}; build(kit) must return a compiled "
            "LangGraph graph or another runnable that takes messages"
        )
    return graph


async def run(
    graph: Any, task: str, session: Session, *, history: Sequence[Any] = (), **state: Any
) -> Any:
    """Invoke a graph on the task, after the messages so far.

    Raises:
        TurnLimit: If the graph reached its recursion limit.
    """
    config = {
        "recursion_limit": 4 * session.max_turns + 10,
        "configurable": {"thread_id": uuid4().hex},
    }
    try:
        messages = [*history, HumanMessage(task)]
        return await graph.ainvoke({"messages": messages, **state}, config)
    except GraphRecursionError as error:
        raise TurnLimit(str(error)) from error


ADAPTER = LangChain()
