"""A person speaks first, on a console where nobody is."""

from autogen_agentchat.agents import AssistantAgent, UserProxyAgent
from autogen_agentchat.teams import RoundRobinGroupChat

ADAPTER, CAUSE = "autogen", "person"


def nobody(prompt):
    raise EOFError("EOF when reading a line")


def build(kit):
    critic = AssistantAgent("critic", kit.model, tools=kit.tools, system_message=kit.instructions)
    return RoundRobinGroupChat([UserProxyAgent("person", input_func=nobody), critic], max_turns=2)
