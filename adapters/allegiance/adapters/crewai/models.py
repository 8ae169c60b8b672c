"""Real models for the CrewAI adapter: the client of a provider, and the text it drops."""

from __future__ import annotations

import os
from typing import Any

from allegiance.adapters.crewai import home  # noqa: F401 - first: it sets CrewAI's environment

# isort: split

from crewai import LLM, BaseLLM
from crewai.llms.hooks import BaseInterceptor

from allegiance.adapters.crewai.tools import TRIAL
from allegiance.errors import UserError
from allegiance.play.answer import mend_response
from allegiance.scenario.roles import Model


class Tap(BaseInterceptor[Any, Any]):
    """Reads the text with tool calls from the response, since CrewAI's clients drop it.

    Attributes:
        text: The text of the last answer.
    """

    def __init__(self) -> None:
        self.text = ""

    def on_outbound(self, message: Any) -> Any:
        """Forget the last answer."""
        self.text = ""
        return message

    def on_inbound(self, message: Any) -> Any:
        """Read an answer of the OpenAI or the Anthropic protocol, and mend it."""
        message.read()
        mend_response(message)
        try:
            body = message.json()
            answer = body["choices"][0]["message"] if "choices" in body else body
            content = answer.get("content") or ""
            parts = [content] if isinstance(content, str) else [p.get("text", "") for p in content]
            self.text = "".join(parts)
        except (ValueError, LookupError, TypeError, AttributeError):
            pass  # an error, or another protocol
        return message


def without_streaming(llm: BaseLLM) -> BaseLLM:
    """Return an LLM without streaming: CrewAI takes an interrupted stream for a whole answer."""
    return llm.model_copy(update={"stream": False}) if getattr(llm, "stream", False) else llm


def client_timeout() -> dict[str, float]:
    """Return the client's timeout, which ends an abandoned request: a thread cannot be stopped."""
    trial = TRIAL.get(None)
    seconds = trial.session.request_timeout if trial else None
    return {"timeout": seconds} if seconds else {}


def provider_llm(model: Model, **kwargs: Any) -> Any:
    """Return CrewAI's client for a provider's model, or for an endpoint.

    Raises:
        NotImplementedError: If an interceptor is passed and the client does not support it.
        UserError: If the provider is unknown or its package is missing.
    """
    provider, name = model.provider
    path = f"{provider}/{name}"
    if model.base_url is not None:
        path = name  # with an explicit provider, CrewAI would send the prefix as part of the name
        key = os.environ.get("OPENAI_API_KEY", "unused")
        kwargs |= {"provider": "openai", "base_url": model.base_url, "api_key": key}
    try:
        return LLM(model=path, **kwargs)
    except NotImplementedError:
        raise
    except Exception as error:
        raise UserError(f"model {model.spec!r} cannot be used: {error}") from error
