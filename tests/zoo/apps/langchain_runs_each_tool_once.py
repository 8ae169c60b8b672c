"""A second call of the same tool is taken for a repetition and is not run."""

from langchain.agents import create_agent
from langchain.agents.middleware import wrap_tool_call
from langchain_core.messages import ToolMessage

ADAPTER, CAUSE = "langchain", "calls lost"


def build(kit):
    names = set()

    @wrap_tool_call
    async def once(request, handler):
        name = request.tool_call["name"]
        if name in names:
            return ToolMessage("done", tool_call_id=request.tool_call["id"])
        names.add(name)
        return await handler(request)

    return create_agent(kit.model, kit.tools, system_prompt=kit.instructions, middleware=[once])
