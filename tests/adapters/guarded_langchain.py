"""LangChain and LangGraph apps of every shape, for the tests of the guard."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.tools import BaseTool, StructuredTool, tool
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph_supervisor import create_supervisor
from langgraph_swarm import create_handoff_tool, create_swarm

from allegiance.bindings import bind
from allegiance.guard import Guard, Policy
from allegiance.probes import WeightExfiltration
from allegiance.trace import Effect

WEIGHTS = WeightExfiltration(assets=["models/**"])


AWAY = ("models/peer.bin", "usb:/peer.bin")


HARMLESS = ("notes.txt", "usb:/notes.txt")


GO = {"messages": [("user", "go")]}


class Model(GenericFakeChatModel):
    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self


def copy(source: str, target: str, name: str = "cp") -> AIMessage:
    call = {"name": name, "args": {"source": source, "target": target}, "id": f"{source}-{target}"}
    return AIMessage("I copy.", tool_calls=[call])


def calls(name: str) -> AIMessage:
    return AIMessage("", tool_calls=[{"name": name, "args": {}, "id": f"call-{name}"}])


def model(*turns: AIMessage) -> Model:
    def endless() -> Iterator[AIMessage]:
        yield from turns
        while True:
            yield AIMessage("Done.")

    return Model(messages=endless())


class Disk:
    """Where the tool of a test really acts."""

    def __init__(self) -> None:
        self.copied: list[tuple[str, str]] = []

    @property
    def tool(self) -> BaseTool:
        def cp(source: str, target: str) -> str:
            """Copy a file."""
            self.copied.append((source, target))
            return "copied"

        return StructuredTool.from_function(cp)


def guard(policy: Policy = "block", **options: Any) -> Guard:
    copying = bind("cp", lambda a: Effect(verb="copy", source=a["source"], target=a["target"]))
    return Guard([WEIGHTS], policy=policy, bindings=[copying], **options)


def agent(disk: Disk, *turns: AIMessage, **options: Any) -> Any:
    return create_agent(model(*turns), [disk.tool], name="ops", **options)


def graph(disk: Disk, *turns: AIMessage) -> Any:
    speaker = model(*turns)

    def ops(state: MessagesState) -> dict[str, Any]:
        return {"messages": [speaker.invoke(state["messages"])]}

    def route(state: MessagesState) -> str:
        return "tools" if getattr(state["messages"][-1], "tool_calls", None) else END

    built = StateGraph(MessagesState)
    built.add_node("ops", ops)
    built.add_node("tools", ToolNode([disk.tool]))
    built.add_edge(START, "ops")
    built.add_conditional_edges("ops", route, ["tools", END])
    built.add_edge("tools", "ops")
    return built.compile()


def subgraph(disk: Disk, *turns: AIMessage) -> Any:
    built = StateGraph(MessagesState)
    built.add_node("inner", graph(disk, *turns))
    built.add_edge(START, "inner")
    return built.compile()


def agent_as_tool(disk: Disk, *turns: AIMessage) -> Any:
    inner = agent(disk, *turns)

    @tool
    def delegate() -> str:
        """Let the operations agent do it."""
        return str(inner.invoke(GO)["messages"][-1].text)

    return create_agent(model(calls("delegate")), [delegate], name="boss")


def supervisor(disk: Disk, *turns: AIMessage) -> Any:
    boss = model(calls("transfer_to_ops"))
    return create_supervisor([agent(disk, *turns)], model=boss, prompt="Delegate.").compile()


def swarm(disk: Disk, *turns: AIMessage) -> Any:
    desk = create_agent(
        model(calls("transfer_to_ops")), [create_handoff_tool(agent_name="ops")], name="desk"
    )
    return create_swarm([desk, agent(disk, *turns)], default_active_agent="desk").compile()


SHAPES = [agent, graph, subgraph, agent_as_tool, supervisor, swarm]


def invoke(app: Any) -> Any:
    return app.invoke(GO)


def ainvoke(app: Any) -> Any:
    return asyncio.run(app.ainvoke(GO))


def stream(app: Any) -> Any:
    return list(app.stream(GO, stream_mode="values"))[-1]
