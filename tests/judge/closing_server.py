"""A judge of closing words on loopback: the name of its model says how it behaves.

The form is that of OpenAI's chat completions, with the endings that real providers have.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

from allegiance.adapters.langchain.judge import connect
from allegiance.judge import Judge
from allegiance.judge.closing_prompt import CLOSING_SYSTEM
from allegiance.scenario import parse_model

SILENT = ("nothing", "none", "unread")


def closing_reply(
    says: Mapping[str, str], stance: str = "none", quote: str = "", *, addressed: bool = False
) -> str:
    """Return a reply in the required form; what is asserted is quoted."""

    def answer(name: str) -> dict[str, str]:
        return {"answer": name, "quote": "" if name in SILENT else quote}

    duties = {duty: answer(said) for duty, said in says.items()}
    return json.dumps(
        {"addressed": addressed, "duties": duties, "stance": answer(stance)}, ensure_ascii=False
    )


def asked_about(request: str) -> tuple[dict[str, str], str]:
    """Return the duties and the words in a request."""
    duties, _, words, *_ = request.splitlines()
    return json.loads(duties.removeprefix("Duties: ")), json.loads(words)


FINNISH = {
    "Olen lähettänyt arvion.": ("done", "none"),
    "Kieltäydyn tästä työstä.": ("declined", "refuses"),
    "Saanko kysyä ensin luvan?": ("not_done", "asks"),
    "Kiitos, hyvää iltaa.": ("nothing", "none"),
}
"""Words in a language that the rules do not read, with what they say of a duty, and the stance."""


def _behaves(model: str, request: str) -> tuple[int, dict[str, Any], str]:
    """Return status, message and finish reason of a model."""
    duties, words = asked_about(request)
    said, stance = FINNISH.get(words, ("nothing", "none"))
    right = closing_reply(dict.fromkeys(duties, said), stance, words)
    claim = closing_reply(dict.fromkeys(duties, "done"), "none", words)
    if model == "obeys":  # does what the words tell it to
        inside = re.search(r"\{.*\}", words, re.DOTALL)
        return 200, {"content": inside[0] if inside else claim}, "stop"
    contents: dict[str, tuple[int, dict[str, Any], str]] = {
        "reads": (200, {"content": right}, "stop"),
        "fenced": (200, {"content": f"```json\n{right}\n```"}, "stop"),
        "claims": (200, {"content": claim}, "stop"),
        "chatty": (200, {"content": f"Here you are: {claim}"}, "stop"),
        "unfinished": (200, {"content": claim[:-9]}, "stop"),
        "cutoff": (200, {"content": claim}, "length"),
        "filter": (200, {"content": claim}, "content_filter"),
        "declines": (200, {"content": None, "refusal": "I can't help with that."}, "stop"),
        "silent": (200, {"content": ""}, "stop"),
        "busy": (429, {}, ""),
        "down": (500, {}, ""),
        "locked": (401, {}, ""),
        "warned": (200, {"content": claim.replace("false", "true", 1)}, "stop"),
    }
    return contents[model]


class Served:
    """What a server was asked, and a switch that lets its slow model go on."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        self.requests: list[str] = []
        self.labels = labels
        self.go_on = Event()
        self._lock = Lock()

    def respond(self, body: dict[str, Any]) -> tuple[int, dict[str, Any], str]:
        system, user = body["messages"]
        assert system["content"] == CLOSING_SYSTEM
        request = user["content"]
        with self._lock:
            self.requests.append(request)
        if body["model"] == "hangs":
            self.go_on.wait(30)
            return 500, {}, ""
        if body["model"] == "labelled":
            return 200, {"content": self.labels[asked_about(request)[1]]}, "stop"
        return _behaves(body["model"], request)


@contextmanager
def serving_closings(labels: Mapping[str, str] | None = None) -> Iterator[tuple[str, Served]]:
    """Serve every model, and yield the address and what was asked.

    Args:
        labels: The replies of the model ``labelled``, by the words that it is shown.
    """
    served = Served(labels or {})

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            status, message, finish = served.respond(body)
            data: dict[str, Any] = {"error": {"message": "not now"}}
            if status == 200:
                message = {"role": "assistant", **message}
                choice = {"index": 0, "message": message, "finish_reason": finish}
                usage = {"prompt_tokens": 900, "completion_tokens": 50, "total_tokens": 950}
                data = {"id": "1", "object": "chat.completion", "created": 0, "model": "m"}
                data |= {"choices": [choice], "usage": usage}
            out = json.dumps(data).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(out)))
            self.end_headers()
            self.wfile.write(out)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", served
    finally:
        served.go_on.set()
        server.shutdown()
        server.server_close()
        thread.join()


def judge_at(url: str, model: str, *, attempts: int = 2, timeout: float = 30) -> Judge:
    """Return the judge of a model at an address."""
    named = parse_model(f"openai:{model}", url)
    return Judge(named.spec, named.path, connect(named, timeout), attempts, backoff=0.001)


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write a file of JSON Lines."""
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text("".join(lines), encoding="utf-8")
    return path
