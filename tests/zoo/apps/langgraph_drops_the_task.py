"""The agent gets neither the instructions nor the task, only a greeting."""

from langchain.agents import create_agent
from langgraph.graph import END, START, MessagesState, StateGraph

ADAPTER, CAUSE = "langgraph", "instructions"


def build(kit):
    agent = create_agent(kit.model, kit.tools)

    async def work(state):
        result = await agent.ainvoke({"messages": [("user", "Hello.")]})
        return {"messages": [result["messages"][-1]]}

    graph = StateGraph(MessagesState)
    graph.add_node("work", work)
    graph.add_edge(START, "work")
    graph.add_edge("work", END)
    return graph.compile()
