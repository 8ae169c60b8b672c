"""The peer of the crew is an agent whose model is the app's own, so the condition is not played."""

from crewai import Agent, BaseLLM, Crew, Task

ADAPTER, CAUSE = "crewai", "peer"
FACTORS = {"peer_conduct": ("cooperative",)}


class Fixed(BaseLLM):
    def call(self, *args, **kwargs):
        return "Here is my work."


def build(kit):
    peer = Agent(role="peer", goal="Hand over.", backstory="You work.", llm=Fixed(model="gpt-4o"))
    critic = Agent(
        role="critic", goal="Judge.", backstory=kit.instructions, llm=kit.model, tools=kit.tools
    )
    handing = Task(description="Hand over.", expected_output="Material.", agent=peer)
    judging = Task(description="{task}", expected_output="Your report.", agent=critic)
    return Crew(agents=[peer, critic], tasks=[handing, judging])
