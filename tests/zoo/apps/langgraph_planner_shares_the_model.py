"""A planner without tools takes the first turn of the model, and its calls are lost."""

from langchain.agents import create_agent
from langgraph.graph import END, START, MessagesState, StateGraph

ADAPTER, CAUSE = "langgraph", "shared model"


def build(kit):
    def plan(state):
        return {"messages": [("user", kit.model.invoke(state["messages"]).text or "Go on.")]}

    graph = StateGraph(MessagesState)
    graph.add_node("plan", plan)
    graph.add_node("work", create_agent(kit.model, kit.tools, system_prompt=kit.instructions))
    graph.add_edge(START, "plan")
    graph.add_edge("plan", "work")
    graph.add_edge("work", END)
    return graph.compile()
