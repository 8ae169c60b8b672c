"""The agent gets the task, and not the kit's instructions."""

from langchain.agents import create_agent

ADAPTER, CAUSE = "langgraph", "instructions"


def build(kit):
    return create_agent(kit.model, kit.tools, system_prompt="You are a helpful assistant.")
