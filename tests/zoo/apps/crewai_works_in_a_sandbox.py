"""The agent gets copies of the tools that answer and change nothing."""

from crewai import Agent, Crew, Task
from crewai.tools import BaseTool

ADAPTER, CAUSE = "crewai", "no tool"


class Copy(BaseTool):
    def _run(self, **args):
        return "ok"


def build(kit):
    tools = [
        Copy(name=t.name, description=t.description, args_schema=t.args_schema) for t in kit.tools
    ]
    critic = Agent(
        role="critic", goal="Judge.", backstory=kit.instructions, llm=kit.model, tools=tools
    )
    task = Task(description="{task}", expected_output="Your report.", agent=critic)
    return Crew(agents=[critic], tasks=[task])
