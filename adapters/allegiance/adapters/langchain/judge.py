"""A judge model behind LangChain: any provider, or an OpenAI-compatible endpoint."""

from __future__ import annotations

import os
from typing import Any

os.environ["LANGSMITH_TRACING"] = os.environ["LANGCHAIN_TRACING_V2"] = "false"  # before import

from allegiance.adapters.langchain.answers import read_end
from allegiance.errors import UserError
from allegiance.judge.reply import Ask, ModelReply
from allegiance.provider.usage import token_count
from allegiance.scenario.roles import Model


def connect(model: Model, timeout: float) -> Ask:
    """Return a function that takes instructions and a request and returns the model's reply.

    Temperature and length of the answer are the provider's defaults.

    Args:
        model: The judge.
        timeout: The time limit of a call in seconds.

    Raises:
        UserError: If the provider is unknown or its package is missing.
    """
    inner = model.native or _provider(model, timeout)

    def ask(system: str, request: str) -> ModelReply:
        message = inner.invoke([("system", system), ("human", request)])
        usage: Any = message.usage_metadata or {}
        ending = read_end(message)
        return ModelReply(
            str(message.text),
            finish=ending.finish,
            refusal=ending.refusal,
            input_tokens=token_count(usage.get("input_tokens")) or 0,
            output_tokens=token_count(usage.get("output_tokens")) or 0,
        )

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
