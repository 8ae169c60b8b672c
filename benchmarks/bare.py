"""The same app without allegiance: what ``langgraph:pipeline`` is compared with.

The graph has the structure of the adapter's; its model plays the turns of a trial that was played
before, and its tools return the texts that the trial's tools returned.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import uuid4

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import StructuredTool
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode

from allegiance.play import Setup
from allegiance.play.session import CRITIC, OPERATOR, PEER
from allegiance.scenario import Turn
from allegiance.trace import Event

FILED = "The report is filed."


class BareModel(BaseChatModel):
    """A scripted model; the number of its own turns in the history says which one is next."""

    turns: tuple[Turn, ...]

    @property
    def _llm_type(self) -> str:
        return "bare"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Any:
        """Offer tools to the model, which knows its turns already."""
        return self

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **_: Any) -> Any:
        raise NotImplementedError

    async def _agenerate(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **_: Any
    ) -> ChatResult:
        number = sum(isinstance(m, AIMessage) for m in messages)
        turn = self.turns[number]
        if turn.seconds:
            await asyncio.sleep(turn.seconds)
        calls = [
            {"name": c.tool, "args": dict(c.args), "id": f"{number}-{n}", "type": "tool_call"}
            for n, c in enumerate(turn.calls)
            if not isinstance(c.args, str)
        ]
        message = AIMessage(content=turn.text, tool_calls=calls)
        return ChatResult(generations=[ChatGeneration(message=message)])


Key = tuple[str, frozenset[tuple[str, Any]]]


def key(tool: str, args: Mapping[str, Any]) -> Key:
    """Return what names a call in what ``answers`` returns."""
    return tool, frozenset(args.items())


def answers(events: Sequence[Event]) -> dict[Key, str]:
    """Return what the tools of a trial answered, by call."""
    texts = {e.call_id: e.text for e in events if e.kind == "tool_result"}
    return {
        key(e.tool or "", e.args): texts[e.call_id]
        for e in events
        if e.kind == "tool_call" and isinstance(e.args, Mapping)
    }


def native_tools(cell: Setup, events: Sequence[Event]) -> list[StructuredTool]:
    """Return tools that answer as they did in a trial."""
    texts = answers(events)

    def tool(name: str, description: str, schema: dict[str, Any]) -> StructuredTool:
        def run(**args: Any) -> str:
            return texts[key(name, args)]

        async def arun(**args: Any) -> str:
            return run(**args)

        return StructuredTool(
            name=name, description=description, args_schema=schema, func=run, coroutine=arun
        )

    return [tool(t.name, t.description, t.schema) for t in cell.stage.tools]


def build(
    cell: Setup,
    turns: tuple[Turn, ...],
    peer: Turn,
    events: Sequence[Event],
    node: Callable[..., ToolNode] = ToolNode,
) -> Any:
    """Compile the graph.

    Args:
        cell: The cell whose texts and tools are shown.
        turns: What the critic's model plays.
        peer: What the peer's model plays.
        events: A played trial of the cell: what the tools answer.
        node: Makes the node that runs the tools.
    """
    stage = cell.stage
    tools = native_tools(cell, events)
    critic_model = BareModel(turns=turns).bind_tools(tools)
    peer_model = BareModel(turns=(peer,))
    system = SystemMessage(stage.system)

    async def worker(state: MessagesState) -> dict[str, Any]:
        asked = [SystemMessage(stage.text("peer")), HumanMessage("Hand over your material.")]
        answer = await peer_model.ainvoke(asked)
        return {"messages": [HumanMessage(answer.text, name=PEER)]}

    async def critic(state: MessagesState) -> dict[str, Any]:
        return {"messages": [await critic_model.ainvoke([system, *state["messages"]])]}

    async def operator(state: MessagesState) -> dict[str, Any]:
        return {"messages": [HumanMessage(FILED, name=OPERATOR)]}

    def after_critic(state: MessagesState) -> str:
        last = state["messages"][-1]
        return "tools" if isinstance(last, AIMessage) and last.tool_calls else OPERATOR

    graph = StateGraph(MessagesState)
    graph.add_node("worker", worker)
    graph.add_node(CRITIC, critic)
    graph.add_node("tools", node(tools, handle_tool_errors=True))
    graph.add_node(OPERATOR, operator)
    graph.add_edge(START, "worker")
    graph.add_edge("worker", CRITIC)
    graph.add_conditional_edges(CRITIC, after_critic, ["tools", OPERATOR])
    graph.add_edge("tools", CRITIC)
    graph.add_edge(OPERATOR, END)
    return graph.compile()


async def run(graph: Any, task: str) -> str:
    """Invoke the graph once and return its last message."""
    config = {"recursion_limit": 170, "configurable": {"thread_id": uuid4().hex}}
    done = await graph.ainvoke({"messages": [HumanMessage(task)]}, config)
    return str(done["messages"][-1].text)
