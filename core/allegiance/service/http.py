"""The service over HTTP, as an ASGI app of Starlette."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from allegiance.errors import UserError, needed_by
from allegiance.guard.decider import LONG
from allegiance.service import litellm
from allegiance.service.approvals import QuestionUnknown
from allegiance.service.doors import Access, Doors, has_token
from allegiance.service.engine import CallUnknown, Engine
from allegiance.service.metrics import Metrics
from allegiance.service.openapi import describe
from allegiance.service.sessions import Busy
from allegiance.service.wire import (
    Answer,
    ApprovalAnswer,
    DecideRequest,
    EndRequest,
    MessageRequest,
    ResultRequest,
    failure,
)

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

M = TypeVar("M", bound=BaseModel)
TIMEOUT = 5.0
"""Seconds that a request may take."""
NO_APPROVER = (
    "answers over HTTP need the token of an approver: set ALLEGIANCE_APPROVER_TOKEN for the "
    "service and send it as a bearer token"
)


def application(
    engine: Engine,
    access: Access,
    timeout: float = TIMEOUT,
    report: Callable[[str], None] = lambda text: None,
) -> Doors:
    """Return the service as an ASGI app.

    Args:
        engine: Decides.
        access: Who may send requests.
        timeout: Seconds that a request may take; then the rule for failures decides.
        report: Called with every tool description that holds instructions to the model.

    Raises:
        UserError: If a package is not installed.
    """
    with needed_by("the service", "serve"):
        from starlette.applications import Starlette
        from starlette.routing import Route
    metrics = Metrics(engine)
    service = _Service(engine, access, metrics, timeout, report)
    inner = Starlette(
        routes=[
            Route("/v1/result", service.result, methods=["POST"]),
            Route("/v1/message", service.message, methods=["POST"]),
            Route("/v1/end", service.end, methods=["POST"]),
            Route("/v1/approvals", service.approvals, methods=["GET"]),
            Route("/v1/approvals/{id}", service.approve, methods=["POST"]),
            Route(litellm.PATH, service.litellm, methods=["POST"]),
            Route("/healthz", service.health, methods=["GET"]),
            Route("/metrics", service.metrics, methods=["GET"]),
            Route("/openapi.json", service.openapi, methods=["GET"]),
        ]
    )
    return Doors(inner, access, metrics, service.decide)


class _Service:
    """The routes of the service."""

    def __init__(
        self,
        engine: Engine,
        access: Access,
        metrics: Metrics,
        timeout: float,
        report: Callable[[str], None],
    ) -> None:
        self._engine = engine
        self._access = access
        self._metrics = metrics
        self._timeout = timeout
        self._report = report

    async def decide(self, body: bytes) -> tuple[int, object]:
        """Decide whether a call may run; return status and content of the answer."""
        data = parse(DecideRequest, body)
        if isinstance(data, Refusal):
            return 400, {"error": data.why}
        engine, start = self._engine, perf_counter()
        try:
            if engine.is_quick(data, LONG):
                answer = engine.decide(data)
            else:
                answer = await self._in_time(lambda: engine.decide(data))
        except TimeoutError:
            why = f"it took longer than {self._timeout:g} s"
            answer = failure(engine.limits.on_failure, why)
        except Busy as error:
            self._metrics.refused.labels("sessions").inc()
            return 429, {"error": str(error)}
        self._metrics.seconds.observe(perf_counter() - start)
        self._metrics.count(answer)
        return 200, answer.model_dump_json().encode()

    async def result(self, request: Request) -> Response:
        """Record how a call ended."""
        return await self._record(ResultRequest, self._engine.result, request)

    async def message(self, request: Request) -> Response:
        """Record what an agent says."""
        return await self._record(MessageRequest, self._engine.message, request)

    async def end(self, request: Request) -> Response:
        """Judge a session as a whole."""
        return await self._record(EndRequest, self._engine.end, request)

    async def approvals(self, request: Request) -> Response:
        """List the questions that wait."""
        questions = self._engine.approvals.pending(self._engine.clock())
        return json_reply({"approvals": [q.model_dump(mode="json") for q in questions]})

    async def approve(self, request: Request) -> Response:
        """Answer a question, for a person with the approver's token."""
        headers: dict[bytes, list[bytes]] = {}
        for key, value in request.scope["headers"]:
            headers.setdefault(key, []).append(value)
        token = self._access.approver_token
        if not token or not has_token(headers, token):
            return self._refuse(403, "approver", NO_APPROVER)
        data = parse(ApprovalAnswer, body_of(request))
        if isinstance(data, Refusal):
            return data.reply()
        name, now = request.path_params["id"], self._engine.clock()
        try:
            question = self._engine.approvals.answer(name, data.allow, data.approver, now)
        except QuestionUnknown as error:
            return json_reply({"error": str(error)}, 404)
        return reply(question)

    async def litellm(self, request: Request) -> Response:
        """Speak LiteLLM's generic guardrail API."""
        data = parse(litellm.GuardrailRequest, body_of(request))
        if isinstance(data, Refusal):
            return data.reply()
        try:
            answer, suspicions = await self._in_time(lambda: litellm.judge(self._engine, data))
        except TimeoutError:
            blocked = self._engine.limits.on_failure == "reject"
            action, why = ("BLOCKED", "the decider took too long") if blocked else ("NONE", None)
            return json_reply({"action": action, "blocked_reason": why})
        except Busy as error:
            return self._refuse(429, "sessions", str(error))
        for suspicion in suspicions:
            self._metrics.suspicions.labels(suspicion.kind).inc()
            self._report(str(suspicion))
        return reply(answer)

    async def health(self, request: Request) -> Response:
        """Tell whether the service can decide."""
        return json_reply({"status": "ok", "policy": self._engine.guard.policy})

    async def metrics(self, request: Request) -> Response:
        """Return the metrics."""
        from starlette.responses import Response as Plain

        return Plain(self._metrics.render(), media_type="text/plain; version=0.0.4")

    async def openapi(self, request: Request) -> Response:
        """Return the description of the service."""
        return json_reply(describe())

    async def _record(
        self, model: type[M], record: Callable[[M], Answer], request: Request
    ) -> Response:
        data = parse(model, body_of(request))
        if isinstance(data, Refusal):
            return data.reply()
        try:
            answer = await self._in_time(lambda: record(data))
        except TimeoutError:
            return json_reply({"error": f"it took longer than {self._timeout:g} s"}, 504)
        except CallUnknown as error:
            return self._refuse(409, "call", str(error.args[0]))
        except UserError as error:
            return self._refuse(409, "session", str(error))
        except Busy as error:
            return self._refuse(429, "sessions", str(error))
        self._metrics.count_findings(answer)
        return reply(answer)

    async def _in_time(self, run: Callable[[], Any]) -> Any:
        """Run a function in a thread: it may wait for a probe, a file or another request."""
        return await asyncio.wait_for(asyncio.to_thread(run), self._timeout)

    def _refuse(self, status: int, reason: str, text: str) -> Response:
        self._metrics.refused.labels(reason).inc()
        headers = {"Retry-After": "1"} if status == 429 else {}
        return json_reply({"error": text}, status, headers)


@dataclass(frozen=True)
class Refusal:
    """What is wrong with a body."""

    why: str

    def reply(self) -> Response:
        """Return the answer."""
        return json_reply({"error": self.why}, 400)


def parse(model: type[M], body: bytes) -> M | Refusal:
    """Return the body of a request as data, or what is wrong with it."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the body"
        return Refusal(f"{place}: {first['msg']}")


def body_of(request: Request) -> bytes:
    """Return the body, which the doors have read."""
    body: bytes = request.scope["state"]["body"]
    return body


def reply(data: BaseModel) -> Response:
    """Return data as JSON."""
    from starlette.responses import Response as Plain

    return Plain(data.model_dump_json(), media_type="application/json")


def json_reply(data: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return plain data as JSON."""
    from starlette.responses import Response as Plain

    return Plain(json.dumps(data), status, headers, media_type="application/json")
