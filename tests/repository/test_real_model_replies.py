"""How the real-model server reads what a model wrote, and answers the client."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from real_model_modules import (
    ADD,
    JSON,
    OTHER,
    USER,
    Json,
    engine_result,
    parse,
    protocol,
    replies,
)


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


def test_a_call_becomes_a_completion_and_a_stream_with_the_same_content() -> None:
    """Both forms carry the call, the reason and the usage."""
    request = parse(USER, tools=[ADD])
    text = '{"tool": "add", "arguments": {"a": 1, "b": 2}}'
    body = replies.completion(engine_result(text), request, "m")
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
    body = replies.completion(engine_result(text, "length"), parse(USER, tools=[ADD]), "m")
    assert body["choices"][0]["message"]["content"] == content
    assert body["choices"][0]["finish_reason"] == "length"


@given(
    st.text()
    | JSON.map(json.dumps)
    | st.dictionaries(st.sampled_from(["tool", "arguments", "answer"]), JSON).map(json.dumps)
)
def test_reading_any_completion_never_raises(text: str) -> None:
    """Whatever was decoded is text or a call of a known tool, and can be sent."""
    request = parse(USER, tools=[ADD, OTHER])
    reply = replies.parse_completion(text, request)
    assert (reply.content is None) == (reply.tool is not None)
    assert reply.tool in (None, "add", "ping")
    json.dumps(replies.completion(engine_result(text), request, "m"))


@given(st.dictionaries(st.text(), JSON))
def test_a_whole_call_is_read_as_written(arguments: Json) -> None:
    """Arguments survive unchanged."""
    text = json.dumps({"tool": "add", "arguments": arguments})
    reply = replies.parse_completion(text, parse(USER, tools=[ADD]))
    assert (reply.tool, json.loads(reply.arguments)) == ("add", arguments)


@given(st.text(), st.integers(min_value=0))
def test_a_cut_answer_is_a_prefix(answer: str, cut: int) -> None:
    """An answer cut off anywhere yields its beginning or the raw text, never a call."""
    whole = json.dumps({"answer": answer}, ensure_ascii=False)
    text = whole[: cut % (len(whole) + 1)]
    reply = replies.parse_completion(text, parse(USER, tools=[ADD]))
    assert reply.tool is None
    assert reply.content == text or answer.startswith(reply.content)
