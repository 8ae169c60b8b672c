"""Real models for the AutoGen adapter: the client of a provider or an endpoint, or an object."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

from autogen_core.models import ChatCompletionClient, CreateResult, ModelFamily, ModelInfo

from allegiance.errors import UserError
from allegiance.play.answer import amend_response
from allegiance.scenario.roles import Model

PROVIDERS = {
    "openai": ("autogen_ext.models.openai", "OpenAIChatCompletionClient", {"max_retries": 0}),
    "anthropic": (
        "autogen_ext.models.anthropic",
        "AnthropicChatCompletionClient",
        {"max_retries": 0},
    ),
    "ollama": ("autogen_ext.models.ollama", "OllamaChatCompletionClient", {}),
}
MODEL_INFO = ModelInfo(
    vision=False,
    function_calling=True,
    json_output=True,
    family=ModelFamily.UNKNOWN,
    structured_output=True,
    multiple_system_messages=None,
)
"""The abilities of a model that AutoGen's own table does not list, such as a new model."""


def inner_client(model: Model) -> ChatCompletionClient | None:
    """Return the client that answers for a model, or None for a script.

    Raises:
        UserError: If the provider is unknown, its package is missing, or an object passed from
            Python is not a model client.
    """
    if model.is_script:
        return None
    if model.native is not None:
        if not isinstance(model.native, ChatCompletionClient):
            raise UserError(
                f"{model.spec!r} is a {type(model.native).__name__}, not an AutoGen "
                "ChatCompletionClient"
            )
        return model.native
    provider, name = model.provider
    if provider not in PROVIDERS:
        raise UserError(
            f"model {model.spec!r}: the AutoGen adapter knows the providers "
            f"{', '.join(PROVIDERS)}; use one of them, openai:{name} with --base-url, or pass a "
            "ChatCompletionClient from Python"
        )
    module, cls, options = PROVIDERS[provider]
    arguments: dict[str, Any] = {**options}
    if provider == "openai":
        from openai import DefaultAsyncHttpxClient

        arguments["http_client"] = DefaultAsyncHttpxClient(
            event_hooks={"response": [amend_response]}
        )
    if model.base_url is not None:
        arguments |= {
            "base_url": model.base_url,
            "api_key": os.environ.get("OPENAI_API_KEY", "unused"),
        }
    try:
        client: ChatCompletionClient = getattr(import_module(module), cls)(
            model=name, model_info=MODEL_INFO, **arguments
        )
    except ImportError as error:
        raise UserError(
            f"model {model.spec!r} needs a package: {error}; pip install 'autogen-ext[{provider}]'"
        ) from error
    except Exception as error:
        raise UserError(f"model {model.spec!r} cannot be used: {error}") from error
    return client


def tool_schema(tool: Any) -> Any:
    """Return the schema of a tool that a model is shown, or a choice of tools unchanged."""
    return tool.schema if hasattr(tool, "schema") else tool


def write_answer(result: CreateResult) -> str:
    """Convert an answer to a JSON string."""
    return result.model_dump_json()


def read_answer(text: str) -> CreateResult:
    """Convert a JSON string to an answer from the cache."""
    return CreateResult.model_validate_json(text).model_copy(update={"cached": True})
