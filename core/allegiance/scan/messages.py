"""Messages of a chat, read from the forms of several libraries into one form.

It reads the messages of OpenAI's chat API, LangChain (dumped, by ``messages_to_dict`` and in
LangSmith), Anthropic's content blocks, inspect-ai, and the parts of the GenAI conventions.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from allegiance.reading import reads_text
from allegiance.scan.steps import Args, UnreadableError, short

_ROLES = {
    **dict.fromkeys(("assistant", "ai", "AIMessage", "AIMessageChunk", "model"), "assistant"),
    **dict.fromkeys(("tool", "function", "ToolMessage", "FunctionMessage", "tool_result"), "tool"),
    **dict.fromkeys(
        ("user", "human", "HumanMessage", "system", "SystemMessage", "developer", "chat", "remove"),
        "other",
    ),
}
LONGEST_REPR = 100_000
"""The longest repr of a dictionary that is read; its syntax tree takes many times its length."""
_FAILED = re.compile(r"\s*(Error\b|Rejected by policy\b)")
"""How frameworks begin the result of a failed call, in formats without an error mark."""


@dataclass(frozen=True)
class ToolCall:
    """A tool call that a model requests."""

    id: str | None
    name: str
    args: Args

    @property
    def key(self) -> tuple[str | None, str, str]:
        """The key that repeated records of one call share."""
        return (self.id, self.name, same(self.args))


@dataclass(frozen=True)
class ToolResult:
    """The result of a call as a model gets it; ``name`` identifies it if it has no id."""

    id: str | None
    name: str | None
    text: str
    ok: bool


@dataclass(frozen=True)
class Message:
    """A message.

    Attributes:
        said: The model's text; empty for messages of others.
        name: The name of the author, if the message has one.
        asks: The calls that the message requests.
        answers: The results that the message holds.
    """

    said: str = ""
    name: str | None = None
    asks: tuple[ToolCall, ...] = ()
    answers: tuple[ToolResult, ...] = ()


_NOTHING = Message()


def parse(data: object) -> Message:
    """Read a message.

    Raises:
        UnreadableError: If the data is not a message, or a call has no name.
    """
    if type(data) is not dict:  # a dictionary is what JSON gives, and the fast way
        if isinstance(data, (list, tuple)) and len(data) == 2 and isinstance(data[0], str):
            data = {"role": data[0], "content": data[1]}
        if not isinstance(data, Mapping):
            raise UnreadableError(f"{short(data)} is not a message: a message is an object")
    if "lc" in data or "data" in data:
        data = _unwrapped(data)
    role = _ROLES.get(str(data.get("role") or data.get("type")))
    if role is None:
        raise UnreadableError(
            f"a message has the role {short(data.get('role') or data.get('type'))}, not system, "
            "user, assistant or tool"
        )
    parts = data.get("parts") if "parts" in data else data.get("content")
    asks, answers = _blocks(parts) if type(parts) is list else ((), ())
    if role == "tool":
        return Message(answers=answers or (_answer(data, parts),))
    if role == "other":
        return Message(answers=answers) if answers else _NOTHING
    name = data.get("name")
    calls = _calls(data)
    if calls and asks:
        known = {ask.id for ask in asks}
        calls = [ask for ask in calls if ask.id is None or ask.id not in known]
    asks += tuple(calls)
    return Message(text_of(parts), name if isinstance(name, str) else None, asks, answers)


def text_of(content: object) -> str:
    """Return the text of a message's content, without images and reasoning."""
    if isinstance(content, str):
        return content
    if isinstance(content, Mapping):
        content = [content]
    if not isinstance(content, Iterable):
        return ""
    texts = []
    for part in content:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, Mapping) and part.get("type") in _TEXTS:
            text = next((part[n] for n in ("text", "content", "refusal") if n in part), "")
            texts.append(str(text))
    return "".join(texts)


_TEXTS = ("text", "output_text", "input_text", "refusal", None)


def value_of(value: object) -> str:
    """Return a tool's result as a string: the text of blocks, or JSON of other data."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping) and set(value) == {"type", "text"}:
        value = [value]
    if isinstance(value, list) and any(isinstance(p, Mapping) and "text" in p for p in value):
        return text_of(value)
    return "" if value is None else json.dumps(value, default=str, ensure_ascii=False)


@reads_text("[", "{", '{"a":', "{'a':", "{1:", "{-", "'", '"', "\\", "1+", limit=None)
def arguments(value: object) -> Args:
    """Return arguments as an object if they are one or its JSON; else as a string."""
    if not isinstance(value, str):
        if value is None or isinstance(value, Mapping):
            return value
        return json.dumps(value, default=str)
    if not value or value.isspace():
        return {}
    try:
        args = json.loads(value)
    except (ValueError, RecursionError):
        try:  # the repr of a dictionary
            is_repr = len(value) <= LONGEST_REPR and value.lstrip().startswith("{")
            args = ast.literal_eval(value) if is_repr else None
        except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            args = None
    return args if isinstance(args, Mapping) else value


def same(args: Args) -> str:
    """Return arguments as a canonical string: equal arguments give equal strings."""
    try:
        return json.dumps(args, sort_keys=True, default=str)
    except (TypeError, ValueError, RecursionError):
        return repr(args)


@reads_text(" ", "\n", "Error", "Rejected by policy", limit=None)
def succeeded(text: str) -> bool:
    """Guess from a result's text whether the call succeeded."""
    return not _FAILED.match(text)


def _unwrapped(data: Mapping[str, Any]) -> Mapping[str, Any]:
    kwargs, inner = data.get("kwargs"), data.get("data")
    if "lc" in data and isinstance(kwargs, Mapping):
        names = data.get("id")
        kind = names[-1] if isinstance(names, list) and names else None
        return {"type": kind, **kwargs}
    if "role" not in data and isinstance(inner, Mapping) and "content" in inner:
        return {**inner, "type": data.get("type")}
    return data


def _blocks(parts: list[Any]) -> tuple[tuple[ToolCall, ...], tuple[ToolResult, ...]]:
    asks: list[ToolCall] = []
    answers: list[ToolResult] = []
    for part in parts:
        if not isinstance(part, Mapping):
            continue
        kind = str(part.get("type"))
        if "type" not in part:
            _untyped(part, asks, answers)
        elif kind.endswith(("tool_use", "tool_call")):
            asks.append(_ask(part))
        elif kind.endswith(("tool_result", "tool_call_response")):
            answers.append(_answer(part, _first(part, "content", "result", "response", "output")))
    return tuple(asks), tuple(answers)


def _untyped(part: Mapping[str, Any], asks: list[ToolCall], answers: list[ToolResult]) -> None:
    """Add a block that its only key names, as Amazon Bedrock and Gemini write them."""
    call = _first(part, "toolUse", "functionCall", "function_call")
    result = _first(part, "toolResult", "functionResponse", "function_response")
    if isinstance(call, Mapping):
        asks.append(_ask({**call, "id": _first(call, "toolUseId", "id")}))
    elif isinstance(result, Mapping):
        data = {**result, "id": _first(result, "toolUseId", "id")}
        answers.append(_answer(data, _first(result, "content", "response")))


def _calls(data: Mapping[str, Any]) -> list[ToolCall]:
    calls = data.get("tool_calls")
    if not calls:
        extra = data.get("additional_kwargs")
        if extra and isinstance(extra, Mapping):
            calls = extra.get("tool_calls")
    if calls is not None and not isinstance(calls, list):
        raise UnreadableError(f"tool_calls is {short(calls)}, not a list")
    asks = [_ask(call) for call in calls or ()]
    if isinstance(call := data.get("function_call"), Mapping):
        asks.append(_ask(call))
    return asks


def _ask(call: object) -> ToolCall:
    if not isinstance(call, Mapping):
        raise UnreadableError(f"a tool call is {short(call)}, not an object")
    inner = _first(call, "function", "custom", "tool_call", "server_tool_call")
    fields: Mapping[str, Any] = call
    if type(inner) is dict or isinstance(inner, Mapping):
        fields = {**call, **inner}
    name = inner if isinstance(inner, str) else fields.get("name")
    if not isinstance(name, str) or not name:
        raise UnreadableError(f"a tool call has no name: {short(call)}")
    args = _first(fields, "arguments", "args", "input", "parameters", "kwargs")
    return ToolCall(identity(_first(call, "id", "call_id")), name, arguments(args))


def _answer(data: Mapping[str, Any], content: object) -> ToolResult:
    text = value_of(content)
    error = data.get("error")
    if error and not text:
        text = str(error.get("message", error)) if isinstance(error, Mapping) else str(error)
    if "status" in data or "is_error" in data or "error" in data:
        ok = not (error or data.get("is_error") or data.get("status") == "error")
    else:
        ok = succeeded(text)
    name = data.get("name") or data.get("function")
    key = _first(data, "tool_call_id", "tool_use_id", "call_id", "id")
    if "tool_call_id" in data:  # then ``id`` is the id of the message
        key = data["tool_call_id"]
    return ToolResult(identity(key), name if isinstance(name, str) else None, text, ok)


def identity(value: object) -> str | None:
    """Return an id as a string; None if it is missing or empty."""
    return str(value) if isinstance(value, (str, int)) and value != "" else None


def _first(data: Mapping[str, Any], *names: str) -> Any:
    for name in names:
        if (value := data.get(name)) is not None:
            return value
    return None
