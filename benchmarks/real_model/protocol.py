"""Translate OpenAI chat completions requests into requests for one constrained JSON decision.

The model never sees OpenAI's tool format. It is shown a list of signatures and answers every turn
with one JSON object, `{"tool": ..., "arguments": {...}}` or `{"answer": ...}`; which of the two is
its own choice. Standard library only, so that it can be tested without a model.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from schema import ANSWER, Json, Tool, clean, decision_schema, listing

PASSED = ("temperature", "top_p", "seed", "frequency_penalty", "presence_penalty")
TEXT: Json = {"type": "string"}

CALL = '{"tool": "<name>", "arguments": {...}}'
SAY = '{"answer": "<text>"}'
INTRO = "# Tools\n\n{listing}\n\n# Format\n\n"
ONLY_WAY = "\nThe tools are your only way to read or change anything outside this conversation."
RULE_BOTH = (
    f"Every reply is one JSON object, either a tool call:\n{CALL}\n"
    f"or a text reply to the user, when no tool call is left to make:\n{SAY}{ONLY_WAY}"
)
RULE_TOOL = f"Every reply is one JSON object, a tool call:\n{CALL}{ONLY_WAY}"
RULE_ANSWER = f"Every reply is one JSON object:\n{SAY}"


class RequestError(Exception):
    """A request that is answered with an OpenAI-style error."""

    def __init__(
        self, message: str, *, status: int = 400, code: str | None = None, param: str | None = None
    ) -> None:
        """Keep what the error body needs."""
        super().__init__(message)
        self.status, self.code, self.param = status, code, param

    def body(self) -> Json:
        """Return the error as OpenAI's JSON."""
        kind = "invalid_request_error" if self.status < 500 else "server_error"
        error = {"message": str(self), "type": kind, "param": self.param, "code": self.code}
        return {"error": error}


@dataclass(frozen=True)
class Policy:
    """What the server, not the model or the client, decides."""

    force_first_tool: bool = False  # a conversation's first turn must be a tool call
    temperature: float = 0.0  # when the request gives none
    max_tokens: int = 512  # when the request gives none


@dataclass(frozen=True)
class Request:
    """A request ready for the engine, and what is needed to read its completion."""

    engine: Json
    decision: bool  # the completion is a JSON decision, not plain text
    tools: tuple[Tool, ...]
    stream: bool
    include_usage: bool


def parse_request(body: object, policy: Policy) -> Request:
    """Check and translate the body of a chat completions request.

    Args:
        body: The decoded JSON body.
        policy: The server's policy.

    Raises:
        RequestError: If the request is not valid or asks for something unsupported.
    """
    if not isinstance(body, Mapping):
        raise RequestError("the body must be a JSON object")
    history = body.get("messages")
    if not isinstance(history, list) or not history:
        raise RequestError("messages must be a non-empty array", param="messages")
    if body.get("n") not in (None, 1):
        raise RequestError("only n=1 is supported", param="n")
    tools, must_call = _choose(_tools(body.get("tools")), body.get("tool_choice"))
    called = any(isinstance(m, Mapping) and m.get("tool_calls") for m in history)
    must_call |= bool(tools) and policy.force_first_tool and not called
    decision = bool(tools) or called
    answer = _answer_schema(body.get("response_format"))
    limit = body.get("max_completion_tokens") or body.get("max_tokens") or policy.max_tokens
    engine: Json = {"temperature": policy.temperature, "max_tokens": limit}
    engine |= {key: body[key] for key in PASSED if body.get(key) is not None}
    if decision:
        rule = RULE_TOOL if must_call else RULE_BOTH if tools else RULE_ANSWER
        intro = INTRO.replace("{listing}", listing(tools)) if tools else ""
        engine["messages"] = translate(history, decision=True, instructions=intro + rule)
        schema = decision_schema(tools, None if must_call else answer or TEXT)
        engine["response_format"] = {"type": "json_schema", "json_schema": {"schema": schema}}
    else:
        engine["messages"] = translate(history, decision=False)
        if answer is not None:
            engine["response_format"] = {"type": "json_schema", "json_schema": {"schema": answer}}
        if body.get("stop"):  # a stop string could cut a JSON decision in two
            engine["stop"] = body["stop"]
    options = body.get("stream_options")
    usage = isinstance(options, Mapping) and bool(options.get("include_usage"))
    return Request(engine, decision, tools, bool(body.get("stream")), usage)


def _tools(value: object) -> tuple[Tool, ...]:
    tools = []
    for item in value if isinstance(value, list) else []:
        function = item.get("function") if isinstance(item, Mapping) else None
        name = function.get("name") if isinstance(function, Mapping) else None
        if not isinstance(function, Mapping) or not isinstance(name, str):
            raise RequestError("each tool must be a function with a name", param="tools")
        parameters = function.get("parameters")
        parameters = dict(parameters) if isinstance(parameters, Mapping) else {}
        tools.append(Tool(name, str(function.get("description") or ""), parameters))
    return tuple(tools)


def _choose(tools: tuple[Tool, ...], choice: object) -> tuple[tuple[Tool, ...], bool]:
    """Apply `tool_choice`: which tools are left, and whether one of them must be called."""
    if choice in (None, "auto"):
        return tools, False
    if choice == "none":
        return (), False
    if choice == "required" and tools:
        return tools, True
    function = choice.get("function") if isinstance(choice, Mapping) else None
    name = function.get("name") if isinstance(function, Mapping) else None
    chosen = tuple(tool for tool in tools if tool.name == name)
    if not chosen:
        raise RequestError(f"tool_choice {choice!r} fits none of the tools", param="tool_choice")
    return chosen, True


def _answer_schema(value: object) -> Json | None:
    kind = value.get("type") if isinstance(value, Mapping) else None
    if not isinstance(value, Mapping) or kind in (None, "text"):
        return None
    if kind == "json_object":
        return {"type": "object"}
    holder = value.get("json_schema")
    schema = holder.get("schema") if isinstance(holder, Mapping) else None
    if kind != "json_schema" or not isinstance(schema, Mapping):
        raise RequestError("response_format is not supported", param="response_format")
    return clean(schema, schema)


def translate(  # noqa: PLR0912 - one branch for each kind of item a client sends
    history: Sequence[object], *, decision: bool, instructions: str = ""
) -> list[Json]:
    """Return the conversation as plain system, user and assistant messages.

    Leading system messages are merged, with the instructions last. In decision mode the earlier
    turns of the assistant are written as the decisions it would have made, and a tool's result
    becomes a user message that repeats the call. A conversation that ends with an assistant's
    message gets a user's "Continue.", because the engine would otherwise complete that message.

    Args:
        history: The messages of the request.
        decision: Whether the assistant speaks in JSON decisions.
        instructions: What to add to the system message.

    Raises:
        RequestError: If a message is not valid.
    """
    system: list[str] = []
    messages: list[Json] = []
    calls: dict[str, str] = {}
    for item in history:
        if not isinstance(item, Mapping):
            raise RequestError("each message must be an object", param="messages")
        role, text = item.get("role"), _text(item.get("content"))
        if role in ("system", "developer"):
            if messages:
                messages.append({"role": "system", "content": text})
            else:
                system.append(text)
        elif role == "user":
            name = item.get("name")
            prefix = f"{name}: " if name and name != "user" else ""
            messages.append({"role": "user", "content": prefix + text})
        elif role in ("tool", "function"):
            call = calls.get(str(item.get("tool_call_id"))) or item.get("name") or "the tool"
            messages.append({"role": "user", "content": f"Result of {call}:\n{text}"})
        elif role == "assistant":
            turn = [text] if text else []
            if decision:
                requested = _calls(item.get("tool_calls"))
                calls |= requested
                if text and not requested:
                    turn = [json.dumps({ANSWER: text}, ensure_ascii=False)]
                turn += requested.values()
            messages.append({"role": "assistant", "content": "\n".join(turn)})
        else:
            raise RequestError(f"unknown role {role!r}", param="messages")
    head = "\n\n".join(part for part in (*system, instructions) if part)
    if head:
        messages.insert(0, {"role": "system", "content": head})
    if messages[-1]["role"] == "assistant":
        messages.append({"role": "user", "content": "Continue."})
    return messages


def _text(content: object) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    parts = content if isinstance(content, list) else [content]
    texts = []
    for part in parts:
        text = part.get("text") if isinstance(part, Mapping) else part
        if not isinstance(text, str):
            raise RequestError("only text content is supported", param="messages")
        texts.append(text)
    return "".join(texts)


def _calls(value: object) -> dict[str, str]:
    """Return each requested call as the decision it would have been, by call id."""
    calls = {}
    for item in value if isinstance(value, list) else []:
        function = item.get("function") if isinstance(item, Mapping) else None
        if not isinstance(function, Mapping):
            raise RequestError("each tool call must have a function", param="messages")
        try:
            arguments = json.loads(function.get("arguments") or "{}")
        except (TypeError, ValueError):
            arguments = function.get("arguments")
        decision = {"tool": function.get("name"), "arguments": arguments}
        calls[str(item.get("id"))] = json.dumps(decision, ensure_ascii=False)
    return calls
