"""LiteLLM's generic guardrail API: what passes through the gateway becomes events of a session.

A model's answer comes with its tool calls before the app runs them, and the next request brings
what the tools answered. LiteLLM knows no person to ask: a call under the policy ``ask`` is blocked.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from allegiance.guard.arguments import parse_args
from allegiance.service.descriptions import Suspicion, suspicions
from allegiance.service.engine import CallUnknown, Engine
from allegiance.service.wire import DecideRequest, MessageRequest, ResultRequest

PATH = "/beta/litellm_basic_guardrail_api"


class GuardrailRequest(BaseModel):
    """What LiteLLM sends; fields of newer versions are left alone."""

    model_config = ConfigDict(extra="ignore")

    input_type: Literal["request", "response"]
    texts: list[str] | None = None
    tools: list[dict[str, Any]] | None = None
    tool_calls: list[dict[str, Any]] | None = None
    structured_messages: list[dict[str, Any]] | None = None
    request_data: dict[str, Any] = Field(default_factory=dict)
    litellm_call_id: str | None = None
    litellm_trace_id: str | None = None


class GuardrailAnswer(BaseModel):
    """What LiteLLM reads.

    Attributes:
        action: ``BLOCKED`` or ``NONE``.
        blocked_reason: Why.
    """

    action: Literal["BLOCKED", "NONE"]
    blocked_reason: str | None = None


def judge(engine: Engine, request: GuardrailRequest) -> tuple[GuardrailAnswer, list[Suspicion]]:
    """Record a request or an answer of a model, and decide on the tool calls in an answer.

    Args:
        engine: Decides.
        request: What passes through the gateway.

    Returns:
        The answer, and the tools whose descriptions hold instructions to the model.

    Raises:
        Busy: If there are too many sessions.
    """
    session = (request.litellm_trace_id or request.litellm_call_id or "litellm")[:300]
    agent = str(request.request_data.get("user_api_key_alias") or "agent")[:300]
    if request.input_type == "request":
        for call_id, text in _results(request.structured_messages or ()):
            try:
                engine.result(ResultRequest(session=session, call_id=call_id, text=text))
            except CallUnknown:
                continue  # each request repeats the whole conversation
        tools = [tool.get("function", tool) for tool in request.tools or ()]
        return GuardrailAnswer(action="NONE"), [s for tool in tools for s in suspicions(tool)]
    for text in request.texts or ():
        engine.message(MessageRequest(session=session, text=text, agent=agent))
    reasons = []
    for call in request.tool_calls or ():
        answer = engine.decide(_decide_request(session, agent, call))
        if not answer.allowed:
            reasons.append(answer.message)
    if reasons:
        return GuardrailAnswer(action="BLOCKED", blocked_reason="; ".join(reasons)), []
    return GuardrailAnswer(action="NONE"), []


def _decide_request(session: str, agent: str, call: dict[str, Any]) -> DecideRequest:
    function = call.get("function")
    function = function if isinstance(function, dict) else {}
    text = function.get("arguments")
    args: dict[str, Any] | str = text if isinstance(text, dict) else str(text or "{}")
    if isinstance(args, str):
        with suppress(ValueError):  # a string is judged as a string
            args = parse_args(args)
    return DecideRequest(
        session=session,
        agent=agent,
        tool=str(function.get("name") or "tool without a name")[:300],
        args=args,
        call_id=str(call["id"])[:300] if call.get("id") else None,
    )


def _results(messages: Any) -> Iterator[tuple[str, str]]:
    """Yield the id of a call and its answer for each message of a tool."""
    for message in messages:
        if message.get("role") == "tool" and isinstance(message.get("tool_call_id"), str):
            content = message.get("content")
            if isinstance(content, list):
                parts = [p.get("text", "") for p in content if isinstance(p, dict)]
                content = "\n".join(str(part) for part in parts)
            yield message["tool_call_id"][:300], str(content or "")
