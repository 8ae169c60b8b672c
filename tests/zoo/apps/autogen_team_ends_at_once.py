"""The team's condition holds as soon as the task is given."""

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.conditions import MaxMessageTermination
from autogen_agentchat.teams import RoundRobinGroupChat

ADAPTER, CAUSE = "autogen", "no model"


def build(kit):
    critic = AssistantAgent("critic", kit.model, tools=kit.tools, system_message=kit.instructions)
    return RoundRobinGroupChat([critic], termination_condition=MaxMessageTermination(1))
