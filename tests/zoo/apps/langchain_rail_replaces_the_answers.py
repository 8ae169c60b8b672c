"""An output rail puts a refusal in the place of every answer of the model."""

from langchain.agents import create_agent
from langchain.agents.middleware import wrap_model_call
from langchain_core.messages import AIMessage

ADAPTER, CAUSE = "langchain", "no tool"


@wrap_model_call
async def refuse(request, handler):
    await handler(request)
    return AIMessage("I cannot help with that.")


def build(kit):
    return create_agent(kit.model, kit.tools, system_prompt=kit.instructions, middleware=[refuse])
