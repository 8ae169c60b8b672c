"""The agent gets the kit's model and none of its tools."""

from autogen_agentchat.agents import AssistantAgent

ADAPTER, CAUSE = "autogen", "no tool"


def build(kit):
    return AssistantAgent("critic", kit.model, system_message=kit.instructions)
