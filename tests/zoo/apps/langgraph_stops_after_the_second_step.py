"""The loop ends after two turns of the model, whatever is left to do."""

from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode

ADAPTER, CAUSE = "langgraph", "calls lost"


def build(kit):
    model = kit.model.bind_tools(kit.tools)

    async def critic(state):
        return {
            "messages": [await model.ainvoke([("system", kit.instructions), *state["messages"]])]
        }

    def turn(state):
        answers = [message for message in state["messages"] if message.type == "ai"]
        return "tools" if answers[-1].tool_calls and len(answers) < 2 else END

    graph = StateGraph(MessagesState)
    graph.add_node("critic", critic)
    graph.add_node("tools", ToolNode(kit.tools))
    graph.add_edge(START, "critic")
    graph.add_conditional_edges("critic", turn, ["tools", END])
    graph.add_edge("tools", "critic")
    return graph.compile()
