"""A fixed answer takes the place of the model."""

from langgraph.graph import END, START, MessagesState, StateGraph

ADAPTER, CAUSE = "langgraph", "no model"


def build(kit):
    graph = StateGraph(MessagesState)
    graph.add_node("critic", lambda state: {"messages": [("ai", "[done] evaluate")]})
    graph.add_edge(START, "critic")
    graph.add_edge("critic", END)
    return graph.compile()
