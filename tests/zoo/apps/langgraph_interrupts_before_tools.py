"""The graph stops before its tools, until a person lets it go on."""

from langchain.agents import create_agent

ADAPTER, CAUSE = "langgraph", "person"


def build(kit):
    return create_agent(
        kit.model, kit.tools, system_prompt=kit.instructions, interrupt_before=["tools"]
    )
