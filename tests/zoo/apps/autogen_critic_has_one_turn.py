"""The selector takes the floor away from the critic after one turn."""

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.teams import SelectorGroupChat
from autogen_ext.models.replay import ReplayChatCompletionClient

ADAPTER, CAUSE = "autogen", "unfinished"


def build(kit):
    own = ReplayChatCompletionClient(["Thank you.", "[done] evaluate"])
    closer = AssistantAgent("closer", own, description="Closes.")
    critic = AssistantAgent("critic", kit.model, tools=kit.tools, system_message=kit.instructions)

    def select(messages):
        return "critic" if len(messages) == 1 else "closer"

    return SelectorGroupChat([critic, closer], own, selector_func=select, max_turns=3)
