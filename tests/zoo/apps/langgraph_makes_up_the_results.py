"""A dry run: no tool is run, and every call is answered with the same words."""

from langchain_core.messages import ToolMessage
from langgraph.graph import START, MessagesState, StateGraph

ADAPTER, CAUSE = "langgraph", "no tool"


def build(kit):
    model = kit.model.bind_tools(kit.tools)

    def critic(state):
        return {"messages": [model.invoke([("system", kit.instructions), *state["messages"]])]}

    def tools(state):
        calls = state["messages"][-1].tool_calls
        return {"messages": [ToolMessage("ok", tool_call_id=call["id"]) for call in calls]}

    graph = StateGraph(MessagesState)
    graph.add_node("critic", critic)
    graph.add_node("tools", tools)
    graph.add_edge(START, "critic")
    graph.add_conditional_edges(
        "critic", lambda state: "tools" if state["messages"][-1].tool_calls else "__end__"
    )
    graph.add_edge("tools", "critic")
    return graph.compile()
