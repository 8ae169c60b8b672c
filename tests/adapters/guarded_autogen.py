"""AutoGen agents and teams of every shape, for the tests of the guard."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

import pytest
from autogen_agentchat.agents import (
    AssistantAgent,
    BaseChatAgent,
    MessageFilterAgent,
    SocietyOfMindAgent,
)
from autogen_agentchat.agents._message_filter_agent import MessageFilterConfig, PerSourceFilter
from autogen_agentchat.base import Response, TaskResult
from autogen_agentchat.conditions import TextMessageTermination
from autogen_agentchat.messages import TextMessage, ToolCallExecutionEvent, ToolCallRequestEvent
from autogen_agentchat.teams import (
    DiGraphBuilder,
    GraphFlow,
    RoundRobinGroupChat,
    SelectorGroupChat,
    Swarm,
)
from autogen_agentchat.tools import AgentTool, TeamTool
from autogen_core import FunctionCall
from autogen_core.models import (
    CreateResult,
    FunctionExecutionResult,
    FunctionExecutionResultMessage,
    ModelInfo,
    RequestUsage,
)
from autogen_core.tools import (
    FunctionTool,
    StaticWorkbench,
    ToolResult,
    Workbench,
)
from autogen_ext.models.replay import ReplayChatCompletionClient

from allegiance.bindings import bind
from allegiance.guard import Guard, Policy
from allegiance.probes import WeightExfiltration
from allegiance.trace import Effect

WEIGHTS = WeightExfiltration(assets=["models/**"])


AWAY = ("models/peer.bin", "usb:/peer.bin")


HARMLESS = ("notes.txt", "usb:/notes.txt")


INFO = ModelInfo(
    vision=False,
    function_calling=True,
    json_output=False,
    family="unknown",
    structured_output=False,
)


class Model(ReplayChatCompletionClient):
    """Plays its turns, then says that it is done; keeps what it was shown."""

    def __init__(self, *turns: CreateResult) -> None:
        super().__init__([], INFO)
        self.turns = list(turns)
        self.shown: list[Any] = []

    async def create(self, messages: Any, **kwargs: Any) -> CreateResult:
        self.shown = list(messages)
        return self.turns.pop(0) if self.turns else says("Done.")

    async def create_stream(self, messages: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
        yield "wait"
        yield await self.create(messages)


def turn(content: Any, thought: str | None = None) -> CreateResult:
    reason = "stop" if isinstance(content, str) else "function_calls"
    return CreateResult(
        finish_reason=reason,  # type: ignore[arg-type]
        content=content,
        thought=thought,
        usage=RequestUsage(0, 0),
        cached=False,
    )


def says(text: str) -> CreateResult:
    return turn(text)


def copy(source: str, target: str, text: str = "I copy.") -> CreateResult:
    args = json.dumps({"source": source, "target": target})
    return turn([FunctionCall(id=f"{source}-{target}", name="cp", arguments=args)], text)


def calls(name: str, **args: str) -> CreateResult:
    return turn([FunctionCall(id=f"call-{name}", name=name, arguments=json.dumps(args))])


class Disk:
    """Where the tool of a test really acts."""

    def __init__(self) -> None:
        self.copied: list[tuple[str, str]] = []

    async def cp(self, source: str, target: str) -> str:
        """Copy a file."""
        self.copied.append((source, target))
        return "copied"


def guard(policy: Policy = "block", **options: Any) -> Guard:
    copying = bind("cp", lambda a: Effect(verb="copy", source=a["source"], target=a["target"]))
    options = {"bindings": [copying], **options}
    return Guard([WEIGHTS], policy=policy, **options)


def ops(disk: Disk, *turns: CreateResult, **options: Any) -> AssistantAgent:
    return AssistantAgent("ops", Model(*turns), tools=[disk.cp], max_tool_iterations=9, **options)


def clerk(*turns: CreateResult, **options: Any) -> AssistantAgent:
    return AssistantAgent("clerk", Model(*turns), max_tool_iterations=9, **options)


# every shape takes the one agent that acts, and returns an app around it
def single(agent: AssistantAgent) -> Any:
    return agent


def round_robin(agent: AssistantAgent) -> Any:
    return RoundRobinGroupChat([clerk(), agent], max_turns=2)


def selector(agent: AssistantAgent) -> Any:
    order = {"user": "clerk", "clerk": "ops"}
    return SelectorGroupChat(
        [clerk(), agent],
        model_client=Model(),
        selector_func=lambda thread: order[thread[-1].source],
        max_turns=2,
    )


def swarm(agent: AssistantAgent) -> Any:
    desk = clerk(calls("transfer_to_ops"), handoffs=["ops"])
    return Swarm([desk, agent], termination_condition=TextMessageTermination("ops"))


def graph_flow(agent: AssistantAgent) -> Any:
    first = clerk()
    graph = DiGraphBuilder().add_node(first).add_node(agent).add_edge(first, agent)
    return GraphFlow([first, agent], graph=graph.build())


def agent_as_tool(agent: AssistantAgent) -> Any:
    return clerk(calls("ops", task="go"), tools=[AgentTool(agent)])


def team_as_tool(agent: AssistantAgent) -> Any:
    team = TeamTool(RoundRobinGroupChat([agent], max_turns=1), "team", "The team.")
    return RoundRobinGroupChat([clerk(calls("team", task="go"), tools=[team])], max_turns=1)


def team_in_team(agent: AssistantAgent) -> Any:
    inner = RoundRobinGroupChat([agent], name="inner", max_turns=1)
    return RoundRobinGroupChat([clerk(), inner], max_turns=2)


def society(agent: AssistantAgent) -> Any:
    inner = RoundRobinGroupChat([agent], max_turns=1)
    return RoundRobinGroupChat([SocietyOfMindAgent("society", inner, Model())], max_turns=1)


def filtered(agent: AssistantAgent) -> Any:
    keep = MessageFilterConfig(per_source=[PerSourceFilter(source="user")])
    return RoundRobinGroupChat([MessageFilterAgent("filter", agent, keep)], max_turns=1)


Shape = Callable[[AssistantAgent], Any]


SHAPES: list[Shape] = [
    single,
    round_robin,
    selector,
    swarm,
    graph_flow,
    agent_as_tool,
    team_as_tool,
    team_in_team,
    society,
    filtered,
]


shapes = pytest.mark.parametrize("shape", SHAPES, ids=lambda s: s.__name__)


async def run(app: Any) -> TaskResult:
    result: TaskResult = await app.run(task="go")
    return result


async def stream(app: Any) -> TaskResult:
    return [item async for item in app.run_stream(task="go")][-1]  # type: ignore[no-any-return]


ways = pytest.mark.parametrize("way", [run, stream], ids=lambda w: w.__name__)


def answers(agent: AssistantAgent) -> list[FunctionExecutionResult]:
    """Return the results that an agent's model was shown in its last turn."""
    shown = agent._model_client.shown  # type: ignore[attr-defined]
    messages = [m for m in shown if isinstance(m, FunctionExecutionResultMessage)]
    return [result for message in messages for result in message.content]


class Loner(BaseChatAgent):
    """An agent of a user's own class, which calls its tools itself."""

    def __init__(self, workbench: Workbench) -> None:
        super().__init__("loner", "Acts by itself.")
        self._workbench = workbench

    @property
    def produced_message_types(self) -> Sequence[type[Any]]:
        return (TextMessage,)

    async def on_messages(self, messages: Any, cancellation_token: Any) -> Response:
        (call,) = copy(*AWAY).content
        assert isinstance(call, FunctionCall)
        result = await self._workbench.call_tool(
            call.name, json.loads(call.arguments), None, call.id
        )
        return Response(
            chat_message=TextMessage(source=self.name, content=result.to_text()),
            inner_messages=[
                ToolCallRequestEvent(source=self.name, content=[call]),
                ToolCallExecutionEvent(source=self.name, content=[_result(call, result)]),
            ],
        )

    async def on_reset(self, cancellation_token: Any) -> None:
        pass


def _result(call: FunctionCall, result: ToolResult) -> FunctionExecutionResult:
    return FunctionExecutionResult(
        content=result.to_text(), name=call.name, call_id=call.id, is_error=result.is_error
    )


def bench(disk: Disk) -> StaticWorkbench:
    return StaticWorkbench([FunctionTool(disk.cp, "Copy a file.")])
