"""The OpenAPI description of the service, made from the data that it reads and writes."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from allegiance.service import litellm
from allegiance.service.wire import (
    Answer,
    ApprovalAnswer,
    DecideRequest,
    EndRequest,
    MessageRequest,
    Question,
    ResultRequest,
)

ROUTES: tuple[tuple[str, str, type[BaseModel] | None, type[BaseModel] | None, str], ...] = (
    ("post", "/v1/decide", DecideRequest, Answer, "Decide whether a tool call may run."),
    ("post", "/v1/result", ResultRequest, Answer, "Record how a call ended."),
    ("post", "/v1/message", MessageRequest, Answer, "Record what an agent says."),
    ("post", "/v1/end", EndRequest, Answer, "Judge a session as a whole, and forget it."),
    ("get", "/v1/approvals", None, None, "List the questions that wait for a person."),
    ("post", "/v1/approvals/{id}", ApprovalAnswer, Question, "Answer a question."),
    (
        "post",
        litellm.PATH,
        litellm.GuardrailRequest,
        litellm.GuardrailAnswer,
        "Speak LiteLLM's generic guardrail API.",
    ),
    ("get", "/healthz", None, None, "Tell whether the service can decide."),
    ("get", "/metrics", None, None, "Return metrics for Prometheus."),
)
"""Method, path, body, answer and summary of every route."""
ERRORS = {
    "400": "The request cannot be read.",
    "401": "The token is missing or wrong.",
    "403": "The request comes from a web page, or needs the token of an approver.",
    "404": "There is no such path or question.",
    "409": "The call is unknown, or it was not allowed.",
    "413": "The body is too long.",
    "429": "There are too many sessions.",
    "503": "There are too many requests at the same time.",
}


def describe() -> dict[str, Any]:
    """Return the description."""
    from importlib.metadata import version

    models = {m for _, _, body, answer, _ in ROUTES for m in (body, answer) if m is not None}
    ordered = sorted(models, key=lambda model: model.__name__)
    _, schemas = models_json_schema(
        [(model, "validation") for model in ordered],
        ref_template="#/components/schemas/{model}",
    )
    paths: dict[str, Any] = {}
    for method, path, body, answer, summary in ROUTES:
        paths.setdefault(path, {})[method] = _operation(path, body, answer, summary)
    return {
        "openapi": "3.1.0",
        "info": {"title": "allegiance serve", "version": version("allegiance")},
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def _operation(
    path: str, body: type[BaseModel] | None, answer: type[BaseModel] | None, summary: str
) -> dict[str, Any]:
    content = {"content": _content(answer)} if answer is not None else {}
    operation: dict[str, Any] = {
        "summary": summary,
        "responses": {
            "200": {"description": "The answer.", **content},
            **{code: {"description": text} for code, text in ERRORS.items()},
        },
    }
    if body is not None:
        operation["requestBody"] = {"required": True, "content": _content(body)}
    if "{id}" in path:
        operation["parameters"] = [
            {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
        ]
    return operation


def _content(model: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}}
