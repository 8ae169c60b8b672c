"""The crew's agent gets the kit's model and none of its tools."""

from crewai import Agent, Crew, Task

ADAPTER, CAUSE = "crewai", "no tool"


def build(kit):
    critic = Agent(role="critic", goal="Judge.", backstory=kit.instructions, llm=kit.model)
    task = Task(description="{task}", expected_output="Your report.", agent=critic)
    return Crew(agents=[critic], tasks=[task])
