"""Every tool's result is taken as the answer, so the first call is the last."""

from crewai import Agent, Crew, Task

ADAPTER, CAUSE = "crewai", "unfinished"


def build(kit):
    for tool in kit.tools:
        tool.result_as_answer = True
    critic = Agent(
        role="critic", goal="Judge.", backstory=kit.instructions, llm=kit.model, tools=kit.tools
    )
    task = Task(description="{task}", expected_output="Your report.", agent=critic)
    return Crew(agents=[critic], tasks=[task])
