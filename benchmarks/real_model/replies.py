"""Read the model's decision and write it as OpenAI's replies, chunks and errors.

Standard library only, so that it can be tested without a model.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from protocol import Request, RequestError
from schema import ANSWER, Json


@dataclass(frozen=True)
class Reply:
    """What the model decided: text, or one tool call."""

    content: str | None
    tool: str | None = None
    arguments: str = ""


def parse_completion(text: str, request: Request) -> Reply:
    """Read what the model decided; never raises.

    A completion cut off by the token limit is returned as far as it can be read: an answer
    without its closing quote, or the raw text. A cut tool call is never passed on as a call.
    """
    if not request.decision:
        return Reply(text)
    decision: object = None
    for end in ("", '"}', "}"):
        try:
            decision = json.loads(text + end)
            break
        except (ValueError, RecursionError):
            continue
    if not isinstance(decision, dict):
        return Reply(text)
    if isinstance(answer := decision.get(ANSWER), str):
        return Reply(answer)
    if answer is not None:
        return Reply(json.dumps(answer, ensure_ascii=False))
    name, arguments = decision.get("tool"), decision.get("arguments")
    known = any(tool.name == name for tool in request.tools)
    if known and isinstance(name, str) and isinstance(arguments, dict):
        return Reply(None, name, json.dumps(arguments))
    return Reply(text)


def check_engine(result: Mapping[str, Any]) -> None:
    """Raise the error, if any, that the engine returned instead of a completion.

    Raises:
        RequestError: With OpenAI's code if the prompt does not fit the context.
    """
    error = result.get("error")
    if not isinstance(error, Mapping):
        return
    if error.get("type") == "exceed_context_size_error":
        raise RequestError(
            f"This model's maximum context length is {error.get('n_ctx')} tokens. "
            f"However, your messages resulted in {error.get('n_prompt_tokens')} tokens.",
            code="context_length_exceeded",
            param="messages",
        )
    code = error.get("code")
    raise RequestError(str(error.get("message")), status=code if isinstance(code, int) else 500)


def completion(result: Mapping[str, Any], request: Request, model: str) -> Json:
    """Return the body of a chat completion, made from the engine's result.

    Raises:
        RequestError: If the result holds an error.
    """
    check_engine(result)
    choice = result["choices"][0]
    reply = parse_completion(choice["message"].get("content") or "", request)
    message: Json = {"role": "assistant", "content": reply.content, "refusal": None}
    reason = choice.get("finish_reason") or "stop"
    if reply.tool is not None:
        function = {"name": reply.tool, "arguments": reply.arguments}
        call = {"id": f"call_{uuid.uuid4().hex[:24]}", "type": "function", "function": function}
        message["tool_calls"] = [call]
        reason = "tool_calls"
    usage = result.get("usage") or {}
    counted = ("prompt_tokens", "completion_tokens", "total_tokens")
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": reason, "logprobs": None}],
        "usage": {key: int(usage.get(key, 0)) for key in counted},
    }


def chunks(body: Json, include_usage: bool) -> Iterator[Json]:
    """Yield a finished completion as the chunks of a stream."""
    base = {key: body[key] for key in ("id", "created", "model")}
    base["object"] = "chat.completion.chunk"
    choice = body["choices"][0]
    delta = {key: value for key, value in choice["message"].items() if key != "refusal"}
    if "tool_calls" in delta:
        delta["tool_calls"] = [{"index": i, **c} for i, c in enumerate(delta["tool_calls"])]
    for part, reason in ((delta, None), ({}, choice["finish_reason"])):
        yield {**base, "choices": [{"index": 0, "delta": part, "finish_reason": reason}]}
    if include_usage:
        yield {**base, "choices": [], "usage": body["usage"]}
