"""The first answer is kept and given again; only the loyal trial plays."""

from langchain.agents import create_agent
from langgraph.graph import END, START, MessagesState, StateGraph

ADAPTER, CAUSE = "langgraph", ""
KEPT = {}


def build(kit):
    agent = create_agent(kit.model, kit.tools, system_prompt=kit.instructions)

    async def work(state):
        if "answer" not in KEPT:
            result = await agent.ainvoke(state)
            KEPT["answer"] = result["messages"][-1].text
        return {"messages": [("ai", KEPT["answer"])]}

    graph = StateGraph(MessagesState)
    graph.add_node("work", work)
    graph.add_edge(START, "work")
    graph.add_edge("work", END)
    return graph.compile()
