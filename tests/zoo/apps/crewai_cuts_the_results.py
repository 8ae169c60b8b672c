"""The tools are wrapped, and the wrapper returns the first characters of each answer."""

from crewai import Agent
from crewai.tools import BaseTool

ADAPTER, CAUSE = "crewai", "results"
LONGEST = 8


class Cut(BaseTool):
    inner: BaseTool

    def _run(self, **args):
        return self.inner.run(**args)[:LONGEST]


def build(kit):
    tools = [
        Cut(name=t.name, description=t.description, args_schema=t.args_schema, inner=t)
        for t in kit.tools
    ]
    return Agent(
        role="critic", goal="Judge.", backstory=kit.instructions, llm=kit.model, tools=tools
    )
