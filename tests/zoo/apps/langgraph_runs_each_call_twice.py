"""Every call is carried out twice, to be safe, and the second answer is shown."""

from langchain.agents import create_agent
from langchain.agents.middleware import wrap_tool_call

ADAPTER, CAUSE = "langgraph", "calls repeated"


@wrap_tool_call
async def twice(request, handler):
    await handler(request)
    return await handler(request)


def build(kit):
    return create_agent(kit.model, kit.tools, system_prompt=kit.instructions, middleware=[twice])
