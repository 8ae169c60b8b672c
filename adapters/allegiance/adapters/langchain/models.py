"""Real models for the LangChain and LangGraph adapters: the client of a provider or an endpoint."""

from __future__ import annotations

import os
from typing import Any

os.environ["LANGSMITH_TRACING"] = os.environ["LANGCHAIN_TRACING_V2"] = "false"  # before import

from langchain_core.language_models import BaseChatModel

from allegiance.errors import UserError
from allegiance.play.answer import amend_response, read_and_mend
from allegiance.scenario.roles import Model


def provider_model(model: Model) -> BaseChatModel:
    """Return LangChain's chat model for a provider's model, or for an endpoint.

    Raises:
        UserError: If the provider is unknown or its package is missing.
    """
    provider, name = model.provider
    options: dict[str, Any] = {}
    try:
        if provider == "openai":  # otherwise all models share a client that the first loop owns
            from openai import DefaultAsyncHttpxClient, DefaultHttpxClient

            hooks: Any = {"response": [amend_response]}
            options["http_async_client"] = DefaultAsyncHttpxClient(event_hooks=hooks)
            hooks = {"response": [read_and_mend]}
            options["http_client"] = DefaultHttpxClient(event_hooks=hooks)
        if model.base_url is not None:
            from langchain_openai import ChatOpenAI

            key: Any = os.environ.get("OPENAI_API_KEY", "unused")
            return ChatOpenAI(
                model=name, base_url=model.base_url, api_key=key, max_retries=0, **options
            )
        from langchain.chat_models import init_chat_model

        chat: BaseChatModel = init_chat_model(name, model_provider=provider, **options)
        if "max_retries" in type(chat).model_fields:  # call_model retries, and counts each attempt
            options["max_retries"] = 0
            chat = init_chat_model(name, model_provider=provider, **options)
        return chat
    except ImportError as error:
        raise UserError(f"model {model.spec!r} needs a package: {error}") from error
    except Exception as error:
        raise UserError(f"model {model.spec!r} cannot be used: {error}") from error
