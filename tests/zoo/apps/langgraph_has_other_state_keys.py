"""The graph's state has a question and an answer, and no messages."""

from langgraph.graph import END, START, StateGraph
from typing_extensions import TypedDict

ADAPTER, CAUSE = "langgraph", "state keys"


class State(TypedDict):
    question: str
    answer: str


def build(kit):
    def answer(state):
        question = state.get("question")
        return {"answer": kit.model.invoke(question).text if question else "Nothing to do."}

    graph = StateGraph(State)
    graph.add_node("answer", answer)
    graph.add_edge(START, "answer")
    graph.add_edge("answer", END)
    return graph.compile()
