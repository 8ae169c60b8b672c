"""A provider of the OpenAI protocol on loopback that fails in every way that providers fail.

What becomes of a request depends on the seed and on how many requests came before it. What is not
made to fail is answered with the turns of the loyal script: a run that gets through complies.
"""

from __future__ import annotations

import asyncio
import json
import random
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from misbehaviours import misbehave
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from allegiance.registry import SCENARIOS
from allegiance.scenario import Turn
from allegiance.trace import Condition

STAGE = SCENARIOS.load("rubric_grading").stage(Condition())
LOYAL = next(s.turns for s in STAGE.scripts.values() if s.agent == "loyal")
Json = dict[str, Any]

BROKEN = (
    "429",
    "429-retry-after",
    "500",
    "hang",
    "reset",
    "truncated",
    "wrong-json",
    "not-json",
    "html",
    "empty-choices",
    "null-message",
)
"""The provider is at fault: there is no answer, or none that can be used."""
ODD = ("bad-arguments", "unknown-tool", "huge", "silent")
"""The answer is whole, and what stands in it is the model's own doing."""
MODES = (*BROKEN, *ODD)


@dataclass
class Chaos:
    """A provider and what it has seen.

    Attributes:
        mode: How it fails; ``mixed`` for any way, ``busy`` for too many at once, ``ok`` for none.
        first: How many requests fail before it recovers; None for all of them.
        seed: Decides what ``mixed`` does.
        room: How many requests it answers at once in the mode ``busy``.
        requests: The bodies of the requests, in order.
        answered: How many it has answered with a whole and sound answer.
    """

    mode: str
    first: int | None = None
    seed: int = 0
    room: int = 2
    requests: list[Json] = field(default_factory=list)
    answered: int = 0
    at_once: int = 0
    most_at_once: int = 0
    modes: list[str] = field(default_factory=list)

    def next_mode(self) -> str:
        """Return what becomes of the next request."""
        number = len(self.requests)
        if self.mode == "busy":
            return "429" if self.at_once > self.room else "ok"
        if self.first is not None and number >= self.first:
            return "ok"
        if self.mode == "mixed":
            return random.Random(f"{self.seed}/{number}").choice([*MODES, *["ok"] * len(MODES)])
        return self.mode

    async def answer(self, http: Request) -> Response:
        """Answer a request, or fail."""
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            mode = self.next_mode()
            body = await http.json()
            self.requests.append(body)
            self.modes.append(mode)
            if self.mode == "busy":
                await asyncio.sleep(0.01)
            return await self.respond(mode, body, http)
        finally:
            self.at_once -= 1

    async def respond(  # noqa: C901, PLR0912 - a table of misbehaviours, one branch each
        self, mode: str, body: Json, http: Request
    ) -> Response:
        reply = completion(body, mode)
        if (odd := misbehave(mode, reply, body)) is not None:
            return odd
        if mode in ("429", "429-retry-after"):
            headers = {"retry-after": "0.01"} if mode == "429-retry-after" else {}
            return JSONResponse({"error": {"message": "slow down"}}, 429, headers)
        if mode == "500":
            return JSONResponse({"error": {"message": "it broke"}}, 500)
        if mode == "hang":
            while not await http.is_disconnected():
                await asyncio.sleep(0.02)
        if mode == "html":
            return HTMLResponse("<html><body>Sign in to the proxy</body></html>")
        if mode == "not-json":
            return Response('{"id": "x", choices: [', media_type="application/json")
        if mode == "wrong-json":
            return JSONResponse({"result": "fine", "usage": 3})
        if mode == "empty-choices":
            reply["choices"] = []
        if mode == "null-message":
            reply["choices"][0]["message"] = None
        if mode in ("ok", *ODD):
            self.answered += 1
        if body.get("stream"):
            events = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks(reply)]
            return StreamingResponse(cut(events, mode), media_type="text/event-stream")
        text = json.dumps(reply)
        if mode == "truncated":  # as a proxy does it that counts what it has got
            return Response(text[: len(text) // 2], media_type="application/json")
        return StreamingResponse(cut([text[:40], text[40:]], mode), media_type="application/json")


async def cut(parts: list[str], mode: str) -> AsyncIterator[str]:
    """Send parts; end early without a word, or with the connection."""
    if mode in ("reset", "truncated"):
        yield parts[0]
        if mode == "reset":
            raise ConnectionResetError
        return
    for part in parts:
        yield part


def completion(body: Json, mode: str) -> Json:
    """Return the next turn of the loyal script as an answer."""
    turn = next_turn(body)
    calls = [
        {
            "id": f"call-{len(body['messages'])}-{n}",
            "type": "function",
            "function": {"name": call.tool, "arguments": json.dumps(call.args)},
        }
        for n, call in enumerate(turn.calls)
    ]
    text = turn.text
    if mode in ("bad-arguments", "unknown-tool") and calls:
        name = "open_vault" if mode == "unknown-tool" else calls[0]["function"]["name"]
        args = "{}" if mode == "unknown-tool" else '{"path": "desk:/rub'
        calls = [{**calls[0], "function": {"name": name, "arguments": args}}]
    if mode == "huge":
        text = "I look at it. " * 20_000 + text
    if mode == "silent":
        text, calls = "", []
    message: Json = {"role": "assistant", "content": text or None}
    if calls:
        message["tool_calls"] = calls
    reason = "tool_calls" if calls else "stop"
    return {
        "id": "chaos",
        "object": "chat.completion",
        "created": 0,
        "model": body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": {"prompt_tokens": 11, "completion_tokens": 3, "total_tokens": 14},
    }


def next_turn(body: Json) -> Turn:
    """Return the turn of the script that follows the turns with calls that a history holds."""
    if not body.get("tools"):
        return LOYAL[-1]
    taken = sum(1 for m in body["messages"] if m["role"] == "assistant" and m.get("tool_calls"))
    return LOYAL[min(taken, len(LOYAL) - 1)]


def chunks(reply: Json) -> Iterator[Json]:
    """Return an answer as the chunks of a stream: text, calls, the reason of the end, usage."""
    base = {**reply, "object": "chat.completion.chunk"}
    usage = base.pop("usage")
    if not base["choices"]:
        yield base
        return
    choice = base["choices"][0]
    message, reason = choice["message"], choice["finish_reason"]
    if message is None:
        yield {**base, "choices": [{"index": 0, "delta": None, "finish_reason": None}]}
        return
    calls = [{"index": n, **call} for n, call in enumerate(message.get("tool_calls", ()))]
    first = {"role": "assistant", "content": message["content"] or "Well"}
    for delta in (first, {"tool_calls": calls} if calls else {}):
        yield {**base, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    yield {**base, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}
    yield {**base, "choices": [], "usage": usage}


@contextmanager
def serving(chaos: Chaos) -> Iterator[str]:
    """Serve on a free port of the loopback and yield the address."""
    listener = socket.create_server(("127.0.0.1", 0))
    app = Starlette(routes=[Route("/v1/chat/completions", chaos.answer, methods=["POST"])])
    config = uvicorn.Config(
        app, log_level="critical", lifespan="off", timeout_graceful_shutdown=0, ws="none"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        while not server.started:
            time.sleep(0.005)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
