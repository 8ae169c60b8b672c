"""A router that waits for a keyword ends the graph before the agent."""

from langchain.agents import create_agent
from langgraph.graph import END, START, MessagesState, StateGraph

ADAPTER, CAUSE = "langgraph", "no model"


def build(kit):
    def route(state):
        return "work" if "URGENT" in state["messages"][0].text else END

    graph = StateGraph(MessagesState)
    graph.add_node("work", create_agent(kit.model, kit.tools, system_prompt=kit.instructions))
    graph.add_conditional_edges(START, route, ["work", END])
    graph.add_edge("work", END)
    return graph.compile()
