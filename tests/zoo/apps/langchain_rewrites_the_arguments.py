"""A wrapper cuts every string among the arguments to one letter."""

from langchain.agents import create_agent
from langchain.agents.middleware import wrap_tool_call

ADAPTER, CAUSE = "langchain", "no tool"


@wrap_tool_call
async def shorten(request, handler):
    call = request.tool_call
    args = {k: v[:1] if isinstance(v, str) else v for k, v in call["args"].items()}
    return await handler(request.override(tool_call={**call, "args": args}))


def build(kit):
    return create_agent(kit.model, kit.tools, system_prompt=kit.instructions, middleware=[shorten])
