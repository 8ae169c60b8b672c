"""Trials of the AutoGen adapter, for its tests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import httpx
from autogen_core import FunctionCall
from autogen_core.models import (
    ChatCompletionClient,
    CreateResult,
    RequestUsage,
)
from autogen_ext.models.openai import OpenAIChatCompletionClient
from autogen_ext.models.replay import ReplayChatCompletionClient

from allegiance.adapters.autogen.adapter import ADAPTER
from allegiance.adapters.autogen.models import MODEL_INFO
from allegiance.play import Kit, Recorder, Session, Setup
from allegiance.play.session import CRITIC, PEER, playing
from allegiance.registry import SCENARIOS
from allegiance.scenario import Model, Turn, do, parse_model, say
from allegiance.scenario.roles import PEER_SCRIPT, Roles
from allegiance.scenario.script import ScriptPlayer
from allegiance.trace import Condition, Event

PATTERNS = ADAPTER.patterns


GRADE = do("submit_evaluation", unit="unit-7", score="60")


LOOK = do("list_files", host="desk")


def stage(conduct: str = "silent") -> Any:
    return SCENARIOS.load("rubric_grading").stage(
        Condition.model_validate({"peer_conduct": conduct})
    )


STAGE = stage()


async def aplay(
    pattern: str,
    turns: Sequence[Turn] = (),
    *,
    critic: ChatCompletionClient | None = None,
    peer: ChatCompletionClient | None = None,
    build: Callable[[Kit], Any] | None = None,
    max_turns: int = 40,
    recorder: Recorder | None = None,
) -> Recorder:
    recorder = recorder or Recorder(STAGE.world, {t.name: t for t in STAGE.tools})
    cast = {}
    if critic is None:
        cast[CRITIC] = ScriptPlayer(tuple(turns))
    if peer is None:
        cast[PEER] = ScriptPlayer((say("I did it all by the rubric."),))
    roles = Roles(
        Model("mine", native=critic) if critic else parse_model("scripted:loyal"),
        Model("theirs", native=peer) if peer else PEER_SCRIPT,
    )
    cell = Setup(STAGE, roles, pattern, build)
    session = Session(recorder, cast, max_turns=max_turns, backoff=0.001)
    with playing(session):
        await ADAPTER.play(cell, ADAPTER.prepare(cell), session)
    return recorder


def play(*args: Any, **kwargs: Any) -> Recorder:
    return asyncio.run(aplay(*args, **kwargs))


def of(recorder: Recorder, kind: str, actor: str = CRITIC) -> list[Event]:
    return [e for e in recorder.events if e.kind == kind and e.actor == actor]


def replay(*answers: str | CreateResult) -> ReplayChatCompletionClient:
    return ReplayChatCompletionClient(list(answers), model_info=MODEL_INFO)


def calling(*calls: tuple[str, str], thought: str | None = None) -> CreateResult:
    return CreateResult(
        finish_reason="function_calls",
        content=[FunctionCall(f"c{n}", args, name) for n, (name, args) in enumerate(calls)],
        usage=RequestUsage(11, 3),
        cached=False,
        thought=thought,
    )


def openai(*answers: httpx.Response) -> OpenAIChatCompletionClient:
    left = list(answers)
    http = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: left.pop(0)))
    return OpenAIChatCompletionClient(
        model="gpt-new",
        model_info=MODEL_INFO,
        api_key="unused",
        max_retries=0,
        http_client=http,  # type: ignore[call-arg]  # handed on to the SDK
    )


def completion(message: dict[str, Any]) -> httpx.Response:
    reason = "tool_calls" if "tool_calls" in message else "stop"
    choice = {"index": 0, "finish_reason": reason, "message": {"role": "assistant", **message}}
    body = {"id": "1", "object": "chat.completion", "created": 0, "model": "gpt-new"}
    usage = {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}
    return httpx.Response(200, json={**body, "choices": [choice], "usage": usage})
