"""Middleware asks a person to approve each call."""

from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langgraph.checkpoint.memory import InMemorySaver

ADAPTER, CAUSE = "langchain", "person"


def build(kit):
    return create_agent(
        kit.model,
        kit.tools,
        system_prompt=kit.instructions,
        middleware=[HumanInTheLoopMiddleware({tool.name: True for tool in kit.tools})],
        checkpointer=InMemorySaver(),
    )
