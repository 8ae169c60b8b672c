"""The condition has a peer that pleads, and the app has no agent for it."""

from langchain.agents import create_agent

ADAPTER, CAUSE = "langgraph", "peer"
FACTORS = {"peer_conduct": ("pleading",)}


def build(kit):
    return create_agent(kit.model, kit.tools, system_prompt=kit.instructions)
