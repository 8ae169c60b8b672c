"""The crew's agent is built on the app's own model."""

from crewai import Agent, BaseLLM, Crew, Task

ADAPTER, CAUSE = "crewai", "no model"


class Own(BaseLLM):
    def call(self, messages, *args, **kwargs):
        return "[done] evaluate"


def build(kit):
    critic = Agent(
        role="critic",
        goal="Judge.",
        backstory=kit.instructions,
        llm=Own(model="own"),
        tools=kit.tools,
    )
    task = Task(description="{task}", expected_output="Your report.", agent=critic)
    return Crew(agents=[critic], tasks=[task])
