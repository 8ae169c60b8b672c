"""A guard on AutoGen agents that are not assistants: code executors, surfers, a user's own."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from autogen_agentchat.agents import (
    CodeExecutorAgent,
)
from autogen_agentchat.base import Response
from autogen_agentchat.messages import TextMessage
from autogen_agentchat.teams import (
    RoundRobinGroupChat,
)
from autogen_core.code_executor import CodeResult
from autogen_core.models import (
    CreateResult,
    FunctionExecutionResult,
    FunctionExecutionResultMessage,
)
from autogen_core.tools import (
    StaticWorkbench,
    TextResultContent,
    ToolResult,
)
from guarded_autogen import (
    AWAY,
    HARMLESS,
    Disk,
    Loner,
    Model,
    bench,
    clerk,
    copy,
    guard,
    run,
    says,
    turn,
)

from allegiance.adapters.autogen import guard_tools
from allegiance.bindings import bind
from allegiance.guard import GuardBypassed
from allegiance.trace import Effect


class Terminal:
    """A code executor that only keeps what it is given."""

    def __init__(self) -> None:
        self.ran: list[str] = []

    async def execute_code_blocks(self, blocks: Any, cancellation_token: Any) -> CodeResult:
        self.ran += [block.code for block in blocks]
        if "false" in self.ran[-1]:
            raise OSError("no terminal")
        return CodeResult(0, "ran")


@pytest.mark.filterwarnings("ignore:No approval function")
def test_what_a_code_executor_runs_is_decided_on() -> None:
    code = bind(
        "execute_code",
        lambda a: (
            Effect(verb="copy", source="models/x", target="usb:/x")
            if "cp models" in a["code"]
            else None
        ),
    )
    terminal = Terminal()
    turns = [says(f"```sh\n{line}\n```") for line in ("ls", "cp models/x /usb")]
    coder = CodeExecutorAgent("coder", terminal, model_client=Model(*turns))  # type: ignore[arg-type]
    team = RoundRobinGroupChat([coder], max_turns=2)
    # each turn is followed by one that reflects on the result
    coder._model_client.turns[1:1] = [says("Listed.")]  # type: ignore[union-attr]
    with guard(bindings=[code]).attach() as watch:
        asyncio.run(run(team))
    assert terminal.ran == ["ls\n"]
    assert [(f.actor, f.status) for f in watch.findings] == [("coder", "attempted")]
    assert "copies weights" in coder._model_client.shown[-1].content  # type: ignore[union-attr]
    said = [e.text for e in watch.events if e.kind == "message"]
    assert said[1::2] == ["Listed.", "Done."]


@pytest.mark.filterwarnings("ignore:No approval function")
def test_an_executor_that_raises_leaves_a_result() -> None:
    coder = CodeExecutorAgent("coder", Terminal(), model_client=Model(says("```sh\nfalse\n```")))  # type: ignore[arg-type]
    with guard().attach() as watch, pytest.raises(OSError, match="no terminal"):
        asyncio.run(run(coder))
    (result,) = [e for e in watch.events if e.kind == "tool_result"]
    assert (result.ok, result.text) == (False, "OSError: no terminal")


class Elsewhere(StaticWorkbench):
    """A workbench of a user's own class, which acts without a tool of AutoGen's."""

    def __init__(self, disk: Disk) -> None:
        super().__init__([])
        self.disk = disk

    async def call_tool(self, name: str, arguments: Any = None, *args: Any) -> ToolResult:
        done = TextResultContent(content=await self.disk.cp(**arguments))
        return ToolResult(name=name, result=[done])


def test_a_tool_is_guarded_whoever_runs_it() -> None:
    disk = Disk()
    team = RoundRobinGroupChat([Loner(bench(disk))], max_turns=1)
    with guard().attach() as watch:
        final = asyncio.run(run(team))
    assert disk.copied == []
    assert "copies weights" in final.messages[-1].to_text()
    assert [f.actor for f in watch.findings] == ["loner"]


class Surfer(Loner):
    """An agent that does what its model asks for by itself, and shows nothing of it."""

    def __init__(self, disk: Disk, *turns: CreateResult) -> None:
        super().__init__(bench(disk))
        self.disk = disk
        self._model_client = Model(*turns)
        self.results: list[Any] = []

    async def _generate_reply(self, cancellation_token: Any) -> tuple[bool, str]:
        result = await self._model_client.create(self.results)
        if isinstance(result.content, str):
            return False, result.content
        for call in result.content:
            text = await self.disk.cp(**json.loads(call.arguments))
            done = FunctionExecutionResult(content=text, name=call.name, call_id=call.id)
            self.results.append(FunctionExecutionResultMessage(content=[done]))
        return False, "Look."

    async def on_messages(self, messages: Any, cancellation_token: Any) -> Response:
        _, text = await self._generate_reply(cancellation_token)
        return Response(chat_message=TextMessage(source=self.name, content=text))


def test_calls_that_no_tool_stands_for_are_noticed() -> None:
    disk = Disk()
    team = RoundRobinGroupChat([Surfer(disk, copy(*AWAY), says("Ok."))], max_turns=2)
    with pytest.warns(GuardBypassed, match=r"1 tool calls \(cp\)"), guard().attach() as watch:
        asyncio.run(run(team))
    assert disk.copied == [AWAY]
    assert list(watch.missed.values()) == ["cp"]


def test_a_surfer_is_decided_on_by_what_its_model_says(monkeypatch: pytest.MonkeyPatch) -> None:
    acting = guard_tools._acting(Surfer._generate_reply)  # as for AutoGen's own surfers
    monkeypatch.setattr(Surfer, "_generate_reply", acting)
    disk = Disk()
    both = turn([*copy(*HARMLESS).content, *copy(*AWAY).content], "I copy.")
    team = RoundRobinGroupChat([Surfer(disk, both, copy(*AWAY)), clerk()], max_turns=3)
    with guard().attach() as watch:
        final = asyncio.run(run(team))
    assert disk.copied == [HARMLESS]
    assert "copies weights" in final.messages[-1].to_text()
    assert [f.actor for f in watch.findings] == ["loner", "loner"]
    assert [e.ok for e in watch.events if e.kind == "tool_result"] == [False, True, False]
    assert "I copy." in [e.text for e in watch.events]
    assert watch.missed == {}


def test_an_agent_that_calls_tools_itself_is_warned_of_and_can_be_passed() -> None:
    disk = Disk()
    loner = Loner(Elsewhere(disk))
    team = RoundRobinGroupChat([loner], max_turns=1)
    with pytest.warns(GuardBypassed, match=r"1 tool calls \(cp\)"), guard().attach() as watch:
        asyncio.run(run(team))
    assert disk.copied == [AWAY]
    assert list(watch.missed.values()) == ["cp"]
    with guard().attach(team) as watch:
        final = asyncio.run(run(team))
    assert disk.copied == [AWAY]
    assert "copies weights" in final.messages[-1].to_text()
    assert [f.actor for f in watch.findings] == ["loner"]
    assert type(loner._workbench) is Elsewhere
