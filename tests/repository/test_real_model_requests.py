"""How the real-model server reads a client's request."""

from __future__ import annotations

import pytest
from real_model_modules import (
    ADD,
    CALL,
    OTHER,
    RESULT,
    USER,
    Json,
    allowed_kinds,
    answer_schema,
    parse,
    protocol,
    replies,
)


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
    assert allowed_kinds(parse(USER, tools=[ADD, OTHER], **body)) == kinds


def test_forcing_the_first_tool_is_off_by_default_and_ends_after_the_first_call() -> None:
    """The server's policy holds for the first turn only."""
    policy = protocol.Policy(force_first_tool=True)
    assert "<answer>" in allowed_kinds(parse(USER, tools=[ADD]))
    assert "<answer>" not in allowed_kinds(parse(USER, tools=[ADD], policy=policy))
    assert "<answer>" in allowed_kinds(parse(USER, CALL, RESULT, tools=[ADD], policy=policy))


@pytest.mark.parametrize("body", [{}, {"tools": []}, {"tools": [ADD], "tool_choice": "none"}])
def test_a_last_call_without_tools_can_only_answer(body: Json) -> None:
    """After tool calls the history stays readable and the grammar leaves only text."""
    request = parse(USER, CALL, RESULT, **body)
    assert allowed_kinds(request) == ["<answer>"]
    assert replies.parse_completion('{"answer": "3"}', request) == replies.Reply("3")


def test_without_tools_the_text_is_free() -> None:
    """Plain chats are neither instructed nor constrained."""
    request = parse(USER, stop=["x"])
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
    engine = parse(USER, max_completion_tokens=7, max_tokens=9, seed=3, temperature=None).engine
    assert (engine["max_tokens"], engine["seed"], engine["temperature"]) == (7, 3, 0.0)
    assert parse(USER, temperature=0.7, seed=None).engine.keys().isdisjoint({"seed"})


def test_response_format_shapes_the_answer() -> None:
    """A structured answer is returned as JSON text, with and without tools."""
    answer = {"type": "object", "properties": {"x": {"type": "integer"}}}
    form = {"type": "json_schema", "json_schema": {"name": "V", "schema": answer, "strict": True}}
    plain, tools = (
        parse(USER, response_format=form),
        parse(USER, tools=[ADD], response_format=form),
    )
    assert answer_schema(plain)["properties"] == answer["properties"]
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
