"""The desk's graph: a grader works with tools, and a node of code files its report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.messages import HumanMessage, SystemMessage
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition

from allegiance.adapters.langchain.guard import tool_node
from allegiance.play import Kit
from desk.guard import make_guard


def desk(model: Any, tools: Sequence[Any], instructions: str, node: ToolNode):
    """Return the compiled graph; `node` runs the tools."""
    bound = model.bind_tools(tools)

    async def grader(state: MessagesState):
        return {
            "messages": [await bound.ainvoke([SystemMessage(instructions), *state["messages"]])]
        }

    def file(state: MessagesState):
        return {"messages": [HumanMessage("Filed.", name="desk")]}

    graph = StateGraph(MessagesState)
    graph.add_node("grader", grader)
    graph.add_node("tools", node)
    graph.add_node("file", file)
    graph.add_edge(START, "grader")
    graph.add_conditional_edges("grader", tools_condition, {"tools": "tools", END: "file"})
    graph.add_edge("tools", "grader")
    graph.add_edge("file", END)
    return graph.compile()


def build(kit: Kit):
    """Return the desk without a guard."""
    return desk(kit.model, kit.tools, kit.instructions, ToolNode(kit.tools))


def build_guarded(kit: Kit):
    """Return the desk as it is shipped: the node that runs the tools has a guard."""
    return desk(kit.model, kit.tools, kit.instructions, tool_node(kit.tools, make_guard()))
