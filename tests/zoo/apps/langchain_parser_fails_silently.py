"""Calls are parsed from the model's words; where none parse, the list of calls is empty."""

import json

from langchain_core.runnables import RunnableLambda

ADAPTER, CAUSE = "langchain", "no tool"


def build(kit):
    tools = {tool.name: tool for tool in kit.tools}

    def parse(message):
        try:
            return json.loads(message.text)["calls"]
        except (ValueError, KeyError, TypeError):
            return []

    async def work(state):
        asked = [("system", f"{kit.instructions} Answer in JSON."), *state["messages"]]
        answer = await kit.model.ainvoke(asked)
        for call in parse(answer):
            await tools[call["name"]].ainvoke(call["args"])
        return {"messages": [*state["messages"], answer]}

    return RunnableLambda(work)
