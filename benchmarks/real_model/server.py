"""Serve one local model behind an OpenAI-compatible HTTP API on the loopback interface."""

from __future__ import annotations

import argparse
import json
import logging
import os
import secrets
import signal
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

# Waiting OpenMP threads must sleep: spinning ones take the cores from each other on a busy machine.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("GOMP_SPINCOUNT", "0")

import uvicorn
from protocol import Policy, RequestError, parse_request
from replies import chunks, completion
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as HttpRequest
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

log = logging.getLogger("uvicorn.error")


class Engine(Protocol):
    """What runs the model."""

    def complete(self, request: dict[str, Any]) -> Mapping[str, Any]:
        """Return the result of one llama.cpp chat completions request."""


class LlamaEngine:
    """A llama.cpp engine that answers one request at a time."""

    def __init__(self, weights: Path, n_ctx: int, threads: int, cache_prompt: bool) -> None:
        """Load the weights.

        Args:
            weights: A GGUF file.
            n_ctx: Tokens of context.
            threads: CPU threads.
            cache_prompt: Reuse the shared beginning of the previous prompt.
        """
        import xllamacpp  # type: ignore[import-untyped,import-not-found,unused-ignore]

        params = xllamacpp.CommonParams()
        params.model.path = str(weights)
        params.n_ctx = n_ctx
        params.n_parallel = 1
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
        params.cache_ram_mib = 0
        # The engine opens a port of its own on the loopback; nobody else may use it.
        params.hostnames = ["127.0.0.1"]
        params.api_keys = [secrets.token_hex()]
        self._server = xllamacpp.Server(params)
        self._cache_prompt = cache_prompt

    def complete(self, request: dict[str, Any]) -> Mapping[str, Any]:
        """Return the result of one llama.cpp chat completions request."""
        result = self._server.handle_chat_completions(
            {**request, "cache_prompt": self._cache_prompt}
        )
        return result if isinstance(result, Mapping) else json.loads(result)


def _json(body: object, status: int = 200) -> Response:
    """Return an ASCII JSON response, which also survives text that is not valid Unicode."""
    return Response(json.dumps(body), status, media_type="application/json")


def create_app(engine: Engine, model: str, policy: Policy) -> Starlette:
    """Return the application.

    Args:
        engine: What runs the model.
        model: The only model name that is served.
        policy: What the server decides for its clients.
    """

    async def health(_: HttpRequest) -> Response:
        return _json({"status": "ok", "model": model, "pid": os.getpid()})

    async def models(_: HttpRequest) -> Response:
        entry = {"id": model, "object": "model", "created": 0, "owned_by": "local"}
        return _json({"object": "list", "data": [entry]})

    async def chat(http: HttpRequest) -> Response:
        try:
            try:
                body = await http.json()
            except ValueError as error:
                raise RequestError(f"the body is not JSON: {error}") from error
            request = parse_request(body, policy)
            if body.get("model") not in (None, model):
                message = f"the model {body['model']!r} does not exist; this server has {model!r}"
                raise RequestError(message, status=404, code="model_not_found", param="model")
            started = time.perf_counter()
            try:
                result = await run_in_threadpool(engine.complete, request.engine)
            except ValueError as error:  # the engine's word for a request it cannot run
                raise RequestError(str(error)) from error
            reply = completion(result, request, model)
        except RequestError as error:
            log.info("error %s: %s", error.status, error)
            return _json(error.body(), error.status)
        log.info(
            "completion: %.2f s, %s, finish_reason=%s, timings=%s",
            time.perf_counter() - started,
            reply["usage"],
            reply["choices"][0]["finish_reason"],
            json.dumps(result.get("timings")),
        )
        if not request.stream:
            return _json(reply)
        lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks(reply, request.include_usage)]
        lines.append("data: [DONE]\n\n")
        return StreamingResponse(iter(lines), media_type="text/event-stream")

    async def failed(_: HttpRequest, error: Exception) -> Response:
        return _json(RequestError(f"the engine failed: {error}", status=500).body(), 500)

    return Starlette(
        routes=[
            Route("/health", health),
            Route("/v1/models", models),
            Route("/v1/chat/completions", chat, methods=["POST"]),
        ],
        exception_handlers={Exception: failed},
    )


def _stop_with_parent() -> None:
    """End this process when its standard input closes, which a dead parent's pipe does."""
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Load the model and serve it until stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, required=True, help="a GGUF file")
    parser.add_argument("--model", required=True, help="the name clients use")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--n-ctx", type=int, default=8192)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--temperature", type=float, default=Policy.temperature)
    parser.add_argument("--max-tokens", type=int, default=Policy.max_tokens)
    parser.add_argument(
        "--force-first-tool",
        action="store_true",
        help="policy of the server, not the model's choice: the first turn must call a tool",
    )
    parser.add_argument(
        "--deterministic", action="store_true", help="one thread and no prompt cache"
    )
    parser.add_argument("--exit-with-stdin", action="store_true", help="stop when stdin closes")
    a = parser.parse_args()
    if a.exit_with_stdin:
        threading.Thread(target=_stop_with_parent, daemon=True).start()
    threads = 1 if a.deterministic else a.threads
    engine = LlamaEngine(a.weights, a.n_ctx, threads, cache_prompt=not a.deterministic)
    policy = Policy(a.force_first_tool, a.temperature, a.max_tokens)
    app = create_app(engine, a.model, policy)
    uvicorn.run(app, host="127.0.0.1", port=a.port, timeout_graceful_shutdown=1)


if __name__ == "__main__":
    main()
