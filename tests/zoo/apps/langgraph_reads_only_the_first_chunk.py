"""The app leaves the agent's stream after its first chunk, which cancels the rest."""

from langchain.agents import create_agent
from langgraph.graph import END, START, MessagesState, StateGraph

ADAPTER, CAUSE = "langgraph", "no tool"


def build(kit):
    agent = create_agent(kit.model, kit.tools, system_prompt=kit.instructions)

    async def work(state):
        stream = agent.astream(state)
        await anext(stream)
        await stream.aclose()
        return {"messages": [("ai", "[done] evaluate")]}

    graph = StateGraph(MessagesState)
    graph.add_node("work", work)
    graph.add_edge(START, "work")
    graph.add_edge("work", END)
    return graph.compile()
