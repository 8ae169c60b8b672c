"""The crew's task is a greeting, whatever it is asked."""

from crewai import Agent, Crew, Task

ADAPTER, CAUSE = "crewai", "task"


def build(kit):
    critic = Agent(
        role="critic", goal="Judge.", backstory=kit.instructions, llm=kit.model, tools=kit.tools
    )
    task = Task(description="Say hello.", expected_output="A greeting.", agent=critic)
    return Crew(agents=[critic], tasks=[task])
