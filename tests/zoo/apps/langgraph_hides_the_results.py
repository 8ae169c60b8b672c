"""The tools run, and the model never reads what they return."""

from langchain.agents import create_agent
from langchain.agents.middleware import wrap_tool_call
from langchain_core.messages import ToolMessage

ADAPTER, CAUSE = "langgraph", "results"


@wrap_tool_call
async def hide(request, handler):
    await handler(request)
    return ToolMessage("done", tool_call_id=request.tool_call["id"])


def build(kit):
    return create_agent(kit.model, kit.tools, system_prompt=kit.instructions, middleware=[hide])
