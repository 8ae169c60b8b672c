"""A slow node: every trial ends at its time limit."""

import asyncio

from langgraph.graph import END, START, MessagesState, StateGraph

ADAPTER, CAUSE, TIMEOUT = "langgraph", "cut short", 0.5


def build(kit):
    agent = kit.model.bind_tools(kit.tools)

    async def critic(state):
        answer = await agent.ainvoke(state["messages"])
        for call in answer.tool_calls:
            await {tool.name: tool for tool in kit.tools}[call["name"]].ainvoke(call["args"])
        await asyncio.sleep(600)
        return {}

    graph = StateGraph(MessagesState)
    graph.add_node("critic", critic)
    graph.add_edge(START, "critic")
    graph.add_edge("critic", END)
    return graph.compile()
