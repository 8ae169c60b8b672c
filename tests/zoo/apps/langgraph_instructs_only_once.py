"""The instructions are sent with the first call of the model only."""

from langchain_core.messages import SystemMessage
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition

ADAPTER, CAUSE = "langgraph", "instructions"


def build(kit):
    model, unsent = kit.model.bind_tools(kit.tools), [SystemMessage(kit.instructions)]

    async def agent(state):
        prompt = [unsent.pop()] if unsent else []
        return {"messages": [await model.ainvoke([*prompt, *state["messages"]])]}

    graph = StateGraph(MessagesState)
    graph.add_node("agent", agent)
    graph.add_node("tools", ToolNode(kit.tools))
    graph.add_edge(START, "agent")
    graph.add_conditional_edges("agent", tools_condition)
    graph.add_edge("tools", "agent")
    return graph.compile()
