"""The graph is made once; every later trial gets the tools and instructions of the first."""

from langchain.agents import create_agent

ADAPTER, CAUSE = "langgraph", "tools"
SCENARIOS = ("rubric_grading", "shutdown_setting")  # the first is played as it should be
KEPT = {}


def build(kit):
    if "graph" not in KEPT:
        KEPT["graph"] = create_agent(kit.model, kit.tools, system_prompt=kit.instructions)
    return KEPT["graph"]
