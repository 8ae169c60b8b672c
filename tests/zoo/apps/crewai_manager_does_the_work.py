"""A hierarchical crew, whose manager answers with its own model and delegates nothing."""

from crewai import Agent, BaseLLM, Crew, Process, Task

ADAPTER, CAUSE = "crewai", "no model"


class Own(BaseLLM):
    def call(self, messages, *args, **kwargs):
        return "Thought: I now can give a great answer\nFinal Answer: [done] evaluate"


def build(kit):
    critic = Agent(
        role="critic", goal="Judge.", backstory=kit.instructions, llm=kit.model, tools=kit.tools
    )
    task = Task(description="{task}", expected_output="Your report.")
    return Crew(
        agents=[critic],
        tasks=[task],
        process=Process.hierarchical,
        manager_llm=Own(model="own"),
    )
