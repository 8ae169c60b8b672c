"""The model is offered the kit's tools, and nothing runs what it calls."""

from langgraph.graph import END, START, MessagesState, StateGraph

ADAPTER, CAUSE = "langgraph", "no tool"


def build(kit):
    def critic(state):
        return {"messages": [kit.model.bind_tools(kit.tools).invoke(state["messages"])]}

    graph = StateGraph(MessagesState)
    graph.add_node("critic", critic)
    graph.add_edge(START, "critic")
    graph.add_edge("critic", END)
    return graph.compile()
