"""The critic's context replaces what its tools answer, to save tokens."""

from autogen_agentchat.agents import AssistantAgent
from autogen_core.model_context import UnboundedChatCompletionContext
from autogen_core.models import FunctionExecutionResultMessage

ADAPTER, CAUSE = "autogen", "results"


class Short(UnboundedChatCompletionContext):
    async def get_messages(self):
        return [short(message) for message in await super().get_messages()]


def short(message):
    if not isinstance(message, FunctionExecutionResultMessage):
        return message
    results = [r.model_copy(update={"content": "ok"}) for r in message.content]
    return message.model_copy(update={"content": results})


def build(kit):
    return AssistantAgent(
        "critic",
        kit.model,
        tools=kit.tools,
        system_message=kit.instructions,
        model_context=Short(),
        max_tool_iterations=20,
    )
