"""Retries of a model call if its provider, not the request, is at fault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allegiance.errors import needed_by

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tenacity import AsyncRetrying, Retrying

LONGEST = 60.0
"""The longest wait before a retry in seconds, whatever the provider asks for."""

_STATUS = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_BUSY_STATUS = frozenset({429, 503, 529})
_NAMES = (
    "Timeout",
    "Connection",
    "TransportError",  # httpx: a stream that broke off
    "IncompleteRead",
    "Overloaded",
    "RateLimit",
    "ServiceUnavailable",
)
_BUSY_NAMES = ("Overloaded", "RateLimit", "ServiceUnavailable", "ResourceExhausted", "Throttling")
_CALL = "the call to a model"
_UNREADABLE = (ValueError, TypeError, AttributeError, LookupError, AssertionError)


class UnusableAnswer(Exception):
    """The provider sent an answer that its client could not read."""


def status_of(error: BaseException) -> int | None:
    """Return the HTTP status that a provider's client attached to an error, or None.

    If a client or a framework wrapped the error, the function searches its causes.
    """
    for cause in _causes(error):
        for holder in (cause, getattr(cause, "response", None)):
            status = getattr(holder, "status_code", None)
            if isinstance(status, int):
                return status
    return None


def transient(error: BaseException) -> bool:
    """Tell whether an error is the provider's fault and may be temporary.

    The status code that the client attached decides; without a status, the name of the error's
    class decides, so no client library is imported. An error with a status of success means that
    the answer could not be read.
    """
    if isinstance(error, (TimeoutError, ConnectionError, UnusableAnswer)):
        return True
    status = status_of(error)
    if status is not None:
        return status in _STATUS or 200 <= status < 300
    return _named(error, _NAMES) or any(cls.__name__ == "APIError" for cls in type(error).__mro__)


def throttled(error: BaseException) -> bool:
    """Tell whether an error says that the provider is busy."""
    status = status_of(error)
    return status in _BUSY_STATUS if status is not None else _named(error, _BUSY_NAMES)


def retry_after(error: BaseException) -> float:
    """Return how many seconds the provider asked to wait, at most ``LONGEST``; 0 by default.

    The headers ``retry-after-ms`` and ``Retry-After`` (RFC 9110, section 10.2.3: seconds or a date)
    of the response that the client attached to the error give the time.
    """
    for cause in _causes(error):
        headers = getattr(getattr(cause, "response", None), "headers", None)
        if headers is not None:
            seconds = _seconds(headers.get("retry-after-ms"), headers.get("retry-after"))
            return min(max(seconds, 0.0), LONGEST)
    return 0.0


def _seconds(milliseconds: str | None, text: str | None) -> float:
    from datetime import UTC, datetime
    from email.utils import parsedate_to_datetime

    try:
        if milliseconds:
            seconds = float(milliseconds) / 1000
        elif not text:
            return 0.0
        elif text.strip()[:1].isalpha():
            seconds = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
        else:
            seconds = float(text)
    except (ValueError, TypeError):
        return 0.0
    return seconds if seconds == seconds else 0.0  # "nan" is a valid float


def unusable(error: BaseException) -> bool:
    """Tell whether an error of a client means that it could not read the provider's answer.

    Clients read answers without checking them: an empty list of choices raises an ``IndexError``, a
    page of HTML an ``AttributeError``, an incomplete body a ``JSONDecodeError``.
    """
    status = status_of(error)
    return isinstance(error, _UNREADABLE) and (status is None or 200 <= status < 300)


def _named(error: BaseException, names: tuple[str, ...]) -> bool:
    return any(name in cls.__name__ for cls in type(error).__mro__ for name in names)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__


def _policy(attempts: int, backoff: float) -> dict[str, Any]:
    from tenacity import retry_if_exception, stop_after_attempt, wait_exponential, wait_random

    return {
        "retry": retry_if_exception(transient),
        "stop": stop_after_attempt(attempts),
        "wait": wait_exponential(multiplier=backoff, max=LONGEST) + wait_random(0, backoff / 2),
        "reraise": True,
    }


def retrying(attempts: int, backoff: float) -> Retrying:
    """Return the policy for synchronous calls."""
    with needed_by(_CALL, "stats"):
        from tenacity import Retrying
    return Retrying(**_policy(attempts, backoff))


def async_retrying(attempts: int, backoff: float) -> AsyncRetrying:
    """Return the policy for asynchronous calls."""
    with needed_by(_CALL, "stats"):
        from tenacity import AsyncRetrying
    return AsyncRetrying(**_policy(attempts, backoff))
