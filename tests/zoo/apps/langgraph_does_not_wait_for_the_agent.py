"""The agent is started in the background, and the graph answers before it has worked."""

import asyncio

from langchain.agents import create_agent
from langgraph.graph import END, START, MessagesState, StateGraph

ADAPTER, CAUSE = "langgraph", "no tool"
KEPT = {}


def build(kit):
    agent = create_agent(kit.model, kit.tools, system_prompt=kit.instructions)

    async def work(state):
        task = asyncio.create_task(agent.ainvoke(state))
        KEPT[id(task)] = task  # the loop holds tasks by weak references only
        return {"messages": [("ai", "[done] evaluate")]}

    graph = StateGraph(MessagesState)
    graph.add_node("work", work)
    graph.add_edge(START, "work")
    graph.add_edge("work", END)
    return graph.compile()
