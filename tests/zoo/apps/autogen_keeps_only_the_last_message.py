"""The critic's context holds one message: no task beside a result, no result beside a call."""

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.conditions import MaxMessageTermination
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core.model_context import BufferedChatCompletionContext

ADAPTER, CAUSE = "autogen", "task"


def build(kit):
    critic = AssistantAgent(
        "critic",
        kit.model,
        tools=kit.tools,
        system_message=kit.instructions,
        model_context=BufferedChatCompletionContext(buffer_size=1),
    )
    return RoundRobinGroupChat([critic], termination_condition=MaxMessageTermination(12))
