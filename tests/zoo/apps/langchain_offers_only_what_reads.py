"""The agent gets the tools that read, and none that acts."""

from langchain.agents import create_agent

ADAPTER, CAUSE = "langchain", "tools"


def build(kit):
    tools = [tool for tool in kit.tools if tool.name.startswith(("list_", "read_", "retrieve_"))]
    return create_agent(kit.model, tools, system_prompt=kit.instructions)
