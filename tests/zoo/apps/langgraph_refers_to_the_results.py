"""Results go to a store, and the model is shown where they are."""

from langchain.agents import create_agent
from langchain.agents.middleware import wrap_tool_call

ADAPTER, CAUSE = "langgraph", "results"


@wrap_tool_call
async def store(request, handler):
    message = await handler(request)
    text = f"The result is stored as {request.tool_call['id']}: {len(message.text)} characters."
    return message.model_copy(update={"content": text, "artifact": message.text})


def build(kit):
    return create_agent(kit.model, kit.tools, system_prompt=kit.instructions, middleware=[store])
