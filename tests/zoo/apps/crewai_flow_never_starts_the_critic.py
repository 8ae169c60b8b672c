"""The flow's router sends a label that no step listens to."""

from crewai import Agent
from crewai.flow.flow import Flow, listen, router, start

ADAPTER, CAUSE = "crewai", "no model"


def build(kit):
    critic = Agent(
        role="critic", goal="Judge.", backstory=kit.instructions, llm=kit.model, tools=kit.tools
    )

    class Review(Flow):
        @start()
        def begin(self):
            return self.state["task"]

        @router(begin)
        def route(self):
            return "evaluate"

        @listen("evaluation")
        async def work(self):
            return await critic.kickoff_async(self.state["task"])

    return Review()
