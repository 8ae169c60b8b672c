"""Retrying a model call when its provider, not the request, is at fault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tenacity import AsyncRetrying, Retrying

_STATUS = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_NAMES = ("Timeout", "Connection", "Overloaded", "RateLimit", "ServiceUnavailable")


def transient(error: BaseException) -> bool:
    """Tell whether an error is the provider's and may pass.

    Judged by the status code that the clients of all providers attach, or else by the error's
    class: no client library is imported for it.
    """
    if isinstance(error, (TimeoutError, ConnectionError)):
        return True
    status = getattr(error, "status_code", None)
    if status is None:
        status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(status, int):
        return status in _STATUS
    return any(name in cls.__name__ for cls in type(error).__mro__ for name in _NAMES)


def _policy(attempts: int, backoff: float) -> dict[str, Any]:
    from tenacity import retry_if_exception, stop_after_attempt, wait_exponential, wait_random

    return {
        "retry": retry_if_exception(transient),
        "stop": stop_after_attempt(attempts),
        "wait": wait_exponential(multiplier=backoff, max=60) + wait_random(0, backoff / 2),
        "reraise": True,
    }


def retrying(attempts: int, backoff: float) -> Retrying:
    """Return the policy for synchronous calls."""
    from tenacity import Retrying

    return Retrying(**_policy(attempts, backoff))


def async_retrying(attempts: int, backoff: float) -> AsyncRetrying:
    """Return the policy for asynchronous calls."""
    from tenacity import AsyncRetrying

    return AsyncRetrying(**_policy(attempts, backoff))
