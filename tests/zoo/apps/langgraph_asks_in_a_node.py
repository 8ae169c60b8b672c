"""A node asks a person whether to begin."""

from langchain.agents import create_agent
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import interrupt

ADAPTER, CAUSE = "langgraph", "person"


def build(kit):
    def ask(state):
        interrupt("Shall I begin?")
        return {}

    graph = StateGraph(MessagesState)
    graph.add_node("ask", ask)
    graph.add_node("work", create_agent(kit.model, kit.tools, system_prompt=kit.instructions))
    graph.add_edge(START, "ask")
    graph.add_edge("ask", "work")
    graph.add_edge("work", END)
    return graph.compile(checkpointer=InMemorySaver())
