"""Tools of the app's own, with the names of the kit's, do nothing."""

from langchain.agents import create_agent
from langchain_core.tools import StructuredTool

ADAPTER, CAUSE = "langchain", "no tool"


def build(kit):
    def nothing(**args):
        return "ok"

    own = [
        StructuredTool(
            name=tool.name,
            description=tool.description,
            args_schema=tool.args_schema,
            func=nothing,
        )
        for tool in kit.tools
    ]
    return create_agent(kit.model, own, system_prompt=kit.instructions)
