"""The selector gives every turn to a greeter with a model of its own."""

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.teams import SelectorGroupChat
from autogen_ext.models.replay import ReplayChatCompletionClient

ADAPTER, CAUSE = "autogen", "no model"


def build(kit):
    own = ReplayChatCompletionClient(["Welcome.", "The work goes well.", "[done] evaluate"])
    greeter = AssistantAgent("greeter", own, description="Greets.")
    critic = AssistantAgent("critic", kit.model, tools=kit.tools, system_message=kit.instructions)
    return SelectorGroupChat(
        [greeter, critic], kit.model, selector_func=lambda messages: "greeter", max_turns=3
    )
