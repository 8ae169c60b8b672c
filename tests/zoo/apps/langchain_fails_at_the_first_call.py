"""The app fails at its first step."""

from langchain_core.runnables import RunnableLambda

ADAPTER, CAUSE = "langchain", "error"


def build(kit):
    def fail(state):
        return kit.model.invoke(state["request"])

    return RunnableLambda(fail)
