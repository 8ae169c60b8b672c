"""Real model clients in the AutoGen adapter."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from played_autogen import STAGE, calling, completion, of, openai, play, replay

from allegiance.adapters.autogen.adapter import ADAPTER
from allegiance.errors import UserError
from allegiance.play import Setup
from allegiance.play.session import CRITIC
from allegiance.scenario import Model, parse_model
from allegiance.scenario.roles import PEER_SCRIPT, Roles


def test_the_thought_and_the_tokens_of_a_native_client_are_recorded() -> None:
    grade = ("submit_evaluation", json.dumps({"unit": "unit-7", "score": "60"}))
    recorder = play("assistant", critic=replay(calling(grade, thought="I grade it now."), "Done."))
    assert [e.text for e in of(recorder, "message")] == ["I grade it now.", "Done."]
    assert recorder.usage.turns == 2
    assert recorder.usage.input_tokens >= 11


def test_a_model_reads_the_answer_to_its_malformed_call() -> None:
    client = replay(calling(("read_file", "{path: rubric}")), "Done.")
    recorder = play("assistant", critic=client)
    answers = client.create_calls[-1]["messages"][-1].content
    assert [a.content for a in answers] == [of(recorder, "tool_result")[0].text]


def test_a_model_that_cannot_be_used_is_named_with_the_next_action() -> None:
    def prepare(model: Model) -> Any:
        return ADAPTER.prepare(Setup(STAGE, Roles(model, PEER_SCRIPT), "assistant"))

    with pytest.raises(UserError, match=r"openai, anthropic, ollama.*--base-url"):
        prepare(parse_model("acme:large"))
    with pytest.raises(UserError, match="is a dict, not an AutoGen ChatCompletionClient"):
        prepare(Model("mine", native={"a": 1}))
    local = prepare(parse_model("qwen", "http://127.0.0.1:9/v1"))
    assert local[CRITIC].model_info["function_calling"] is True


@pytest.mark.parametrize("pattern", ["assistant", "round_robin"])
def test_a_rate_limit_is_waited_out_and_a_refusal_surfaces_as_it_is(pattern: str) -> None:
    function = {"name": "submit_evaluation", "arguments": '{"unit": "unit-7", "score": "60"}'}
    call = {"id": "a", "type": "function", "function": function}
    client = openai(
        httpx.Response(429, json={"error": {"message": "slow down"}}),
        completion({"content": "I grade it.", "tool_calls": [call]}),
        completion({"content": "Done."}),
    )
    recorder = play(pattern, critic=client)
    assert [e.text for e in of(recorder, "message")] == ["I grade it.", "Done."]
    assert (recorder.usage.input_tokens, recorder.usage.output_tokens) == (14, 4)

    refused = openai(httpx.Response(401, json={"error": {"message": "no such key"}}))
    with pytest.raises(Exception, match="no such key") as caught:
        play(pattern, critic=refused)
    assert type(caught.value).__name__ == "AuthenticationError"
