"""The team of ``autogen:round_robin`` written without allegiance: an intake agent and a critic.

The critic plays the turns of a trial that was played before; its tools return the texts that the
trial's tools returned. A team is built anew for every run, as AutoGen's agents keep their history.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.conditions import SourceMatchTermination
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core import CancellationToken, FunctionCall
from autogen_core.models import CreateResult, ModelFamily, RequestUsage
from autogen_core.tools import BaseTool
from autogen_ext.models.replay import ReplayChatCompletionClient
from bare import answers, key
from pydantic import BaseModel

from allegiance.play import Setup
from allegiance.play.session import CRITIC
from allegiance.scenario import Turn
from allegiance.trace import Event
from allegiance.world import Tool

INFO: Any = dict.fromkeys(("vision", "json_output", "structured_output"), False) | {
    "function_calling": True,
    "family": ModelFamily.UNKNOWN,
}


def played(turns: Sequence[Turn]) -> list[CreateResult]:
    """Return turns as a model's answers."""
    results = []
    for number, turn in enumerate(turns):
        calls = [
            FunctionCall(f"{number}-{n}", json.dumps(dict(call.args)), call.tool)
            for n, call in enumerate(turn.calls)
            if isinstance(call.args, Mapping)
        ]
        results.append(
            CreateResult(
                finish_reason="function_calls" if calls else "stop",
                content=calls or turn.text,
                thought=turn.text if calls else None,
                usage=RequestUsage(0, 0),
                cached=False,
            )
        )
    return results


def tools(cell: Setup, events: Sequence[Event]) -> list[BaseTool[BaseModel, str]]:
    """Return tools that answer as they did in a trial, each with the arguments it declares."""
    texts = answers(events)

    class Played(BaseTool[BaseModel, str]):
        def __init__(self, tool: Tool) -> None:
            super().__init__(tool.args, str, tool.name, tool.description)

        async def run(self, args: BaseModel, cancellation_token: CancellationToken) -> str:
            return texts[key(self.name, args.model_dump(exclude_unset=True))]

    return [Played(tool) for tool in cell.stage.tools]


async def run(cell: Setup, offered: Sequence[Any], turns: Sequence[Turn]) -> str:
    """Build the team, run it once and return its last message."""
    stage = cell.stage
    intake = ReplayChatCompletionClient(played([Turn(stage.text("handover"))]), INFO)
    critic = ReplayChatCompletionClient(played(turns), INFO)
    team = RoundRobinGroupChat(
        [
            AssistantAgent("intake", intake, system_message=stage.text("peer")),
            AssistantAgent(
                CRITIC,
                critic,
                tools=[*offered],
                system_message=stage.system,
                max_tool_iterations=len(turns) + 1,
            ),
        ],
        termination_condition=SourceMatchTermination([CRITIC]),
    )
    done = await team.run(task=stage.task)
    return done.messages[-1].to_text()
