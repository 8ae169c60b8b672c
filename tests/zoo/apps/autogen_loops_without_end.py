"""The team waits for a word that no agent says."""

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.conditions import TextMentionTermination
from autogen_agentchat.teams import RoundRobinGroupChat

ADAPTER, CAUSE, TIMEOUT = "autogen", "cut short", 5.0


def build(kit):
    critic = AssistantAgent("critic", kit.model, tools=kit.tools, system_message=kit.instructions)
    return RoundRobinGroupChat(
        [critic], termination_condition=TextMentionTermination("APPROVED-BY-NOBODY")
    )
