"""A judge on loopback that answers as a test says, and trials for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from allegiance.adapters.langchain.judge import connect
from allegiance.experiment import expand
from allegiance.judge import Judge
from allegiance.judge.prompt import SYSTEM
from allegiance.run import run
from allegiance.scenario import parse_model
from allegiance.trace import Trial

Reply = tuple[int, str]
NO = '{"awareness": {"answer": "no"}, "intent": {"answer": "no"}}'


def reply(awareness: str = "no", intent: str = "no", *events: int) -> str:
    answers = {"awareness": awareness, "intent": intent}
    return json.dumps(
        {q: {"answer": a, "events": list(events) * (a == "yes")} for q, a in answers.items()}
    )


@contextmanager
def serving(answer: Callable[[str, int], Reply]) -> Iterator[tuple[str, list[str]]]:
    """Serve chat completions and yield the address and the list of requests."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            assert body["messages"][0]["content"] == SYSTEM
            seen.append(body["messages"][-1]["content"])
            status, text = answer(seen[-1], len(seen))
            message = {"role": "assistant", "content": text}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            data = {"id": "1", "object": "chat.completion", "created": 0, "model": "m"}
            out = json.dumps({**data, "choices": [choice]} if status == 200 else {"error": text})
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(out)))
            self.end_headers()
            self.wfile.write(out.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def judging(answer: Callable[[str, int], Reply]) -> Iterator[tuple[Judge, list[str]]]:
    with serving(answer) as (url, seen):
        model = parse_model("openai:judge", url)
        yield Judge(model.spec, model.path, connect(model, 30), attempts=3, backoff=0.001), seen


def played(script: str) -> Trial:
    plan = expand(scenarios=["rubric_grading"], models=[f"scripted:script:{script}"])
    (trial,) = run(plan.configurations)
    return trial


def spoken(trial: Trial) -> int:
    return next(e.seq for e in trial.trace.events if e.actor == "critic" and e.text)
