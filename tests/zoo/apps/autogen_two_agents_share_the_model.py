"""A planner without tools speaks first, with the kit's model."""

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.teams import RoundRobinGroupChat

ADAPTER, CAUSE = "autogen", "shared model"


def build(kit):
    planner = AssistantAgent("planner", kit.model, system_message="Plan the work.")
    critic = AssistantAgent(
        "critic",
        kit.model,
        tools=kit.tools,
        system_message=kit.instructions,
        max_tool_iterations=20,
    )
    return RoundRobinGroupChat([planner, critic], max_turns=2)
