"""A judge model behind LangChain: any provider, or an OpenAI-compatible endpoint."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

os.environ["LANGSMITH_TRACING"] = os.environ["LANGCHAIN_TRACING_V2"] = "false"  # before import

from allegiance.errors import UserError
from allegiance.scenario.roles import Model


def connect(model: Model, timeout: float) -> Callable[[str, str], str]:
    """Return a function that takes instructions and a request and returns the model's text.

    Temperature and length of the answer are the provider's defaults.

    Args:
        model: The judge.
        timeout: The time limit of a call in seconds.

    Raises:
        UserError: If the provider is unknown or its package is missing.
    """
    inner = model.native or _provider(model, timeout)

    def ask(system: str, request: str) -> str:
        return str(inner.invoke([("system", system), ("human", request)]).text)

    return ask


def _provider(model: Model, timeout: float) -> Any:
    provider, name = model.provider
    try:
        if model.base_url is not None:
            from langchain_openai import ChatOpenAI

            key: Any = os.environ.get("OPENAI_API_KEY", "unused")
            return ChatOpenAI(
                model=name, base_url=model.base_url, api_key=key, max_retries=0, timeout=timeout
            )
        from langchain.chat_models import init_chat_model

        return init_chat_model(name, model_provider=provider, max_retries=0, timeout=timeout)
    except ImportError as error:
        raise UserError(f"judge {model.spec!r} needs a package: {error}") from error
    except Exception as error:
        raise UserError(f"judge {model.spec!r} cannot be used: {error}") from error
