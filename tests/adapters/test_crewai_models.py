"""Real models in CrewAI, behind a provider on this machine."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from played_crewai import STAGE, of_critic, played

from allegiance.adapters.crewai.adapter import ADAPTER
from allegiance.errors import UserError
from allegiance.play import Setup
from allegiance.scenario import Model, parse_model
from allegiance.scenario.roles import PEER_SCRIPT, Roles


def answer(text: str | None = None, *calls: tuple[str, str], status: int = 200) -> tuple[int, Any]:
    tool_calls = [
        {"id": f"c{n}", "type": "function", "function": {"name": name, "arguments": args}}
        for n, (name, args) in enumerate(calls)
    ]
    message = {"role": "assistant", "content": text, "tool_calls": tool_calls or None}
    reason = "tool_calls" if calls else "stop"
    return status, {
        "id": "x",
        "object": "chat.completion",
        "created": 0,
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": {"prompt_tokens": 11, "completion_tokens": 3, "total_tokens": 14},
        "error": {"message": "no"} if status != 200 else None,
    }


@contextmanager
def provider(answers: Sequence[tuple[int, Any]]) -> Iterator[tuple[str, list[Any]]]:
    """Serve answers in order over the OpenAI protocol; yield the address and the requests."""
    requests: list[Any] = []
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            requests.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            status, body = left.pop(0)
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", requests
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("pattern", ["sequential", "flow"])
def test_a_real_model_is_heard_counted_and_repaired(pattern: str) -> None:
    grade = ("submit_evaluation", '{"unit": "unit-7", "score": "60"}')
    answers = [
        answer(status=429),
        answer("I grade it now.", grade, ("read_file", "{not json")),
        answer("Done."),
    ]
    with provider(answers) as (url, requests):
        recorder = played(pattern, critic=parse_model("test-model", url))
    assert [e.text for e in of_critic(recorder, "message")] == ["I grade it now.", "Done."]
    calls = of_critic(recorder, "tool_call")
    assert [(e.tool, e.args) for e in calls] == [
        ("submit_evaluation", {"unit": "unit-7", "score": "60"}),
        ("read_file", "{not json"),
    ]
    assert recorder.usage.input_tokens == 22
    assert recorder.usage.output_tokens == 6
    assert [request["model"] for request in requests] == ["test-model"] * 3
    names = [tool["function"]["name"] for tool in requests[0]["tools"]]
    assert names == [tool.name for tool in STAGE.tools]
    shown = requests[0]["tools"][1]["function"]["parameters"]["properties"]
    assert list(shown) == list(STAGE.tools[1].schema["properties"])


def test_the_note_on_history_is_true() -> None:
    """When this fails, CrewAI shows models their own words: drop the note from the adapter."""
    answers = [answer("Secret thought.", ("read_file", '{"path": "desk:/x"}')), answer("Done.")]
    with provider(answers) as (url, requests):
        played("sequential", critic=parse_model("test-model", url))
    assert "history" in ADAPTER.notes
    assert "Secret thought." not in json.dumps(requests[1]["messages"])


def test_a_key_that_is_refused_is_asked_for_once() -> None:
    from openai import AuthenticationError

    with provider([answer(status=401)] * 9) as (url, requests):
        played("sequential", critic=parse_model("test-model", url), raises=AuthenticationError)
    assert len(requests) == 1


def test_a_provider_that_stays_busy_is_asked_four_times() -> None:
    from openai import RateLimitError

    with provider([answer(status=429)] * 20) as (url, requests):
        played("sequential", critic=parse_model("test-model", url), raises=RateLimitError)
    assert len(requests) == 4


def test_models_that_cannot_be_used_are_refused_before_the_first_trial() -> None:
    for critic, what in (
        (parse_model("nowhere:model"), "nowhere:model"),
        (Model("mine", native=object()), "not a CrewAI LLM"),
    ):
        with pytest.raises(UserError, match=what):
            ADAPTER.prepare(Setup(STAGE, Roles(critic, PEER_SCRIPT), "sequential"))
