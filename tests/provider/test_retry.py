from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace

import pytest

from allegiance.provider.retry import (
    LONGEST,
    UnusableAnswer,
    async_retrying,
    retry_after,
    retrying,
    throttled,
    transient,
    unusable,
)


class Failure(Exception):
    def __init__(self, status: object = None, *, nested: bool = False) -> None:
        super().__init__("it failed")
        if nested:
            self.response = SimpleNamespace(status_code=status)
        else:
            self.status_code = status


class APIConnectionError(Exception): ...


class RateLimitError(Exception): ...


class Subclassed(RateLimitError): ...


@pytest.mark.parametrize(
    "error",
    [
        *(Failure(status) for status in (408, 409, 425, 429, 500, 502, 503, 504, 529)),
        Failure(503, nested=True),
        TimeoutError(),
        ConnectionResetError(),
        APIConnectionError(),
        Subclassed(),
    ],
)
def test_what_may_pass(error: BaseException) -> None:
    assert transient(error)


@pytest.mark.parametrize(
    "error",
    [
        *(Failure(status) for status in (400, 401, 403, 404, 422)),
        Failure(401, nested=True),
        ValueError("429"),
        KeyError("Timeout"),
        asyncio.CancelledError(),
    ],
)
def test_what_does_not_pass(error: BaseException) -> None:
    assert not transient(error)


def test_a_status_wins_over_a_name() -> None:
    error = RateLimitError()
    error.status_code = 401  # type: ignore[attr-defined]
    assert not transient(error)


@pytest.mark.parametrize(("status", "tries"), [(429, 3), (401, 1)])
def test_the_last_error_is_raised_as_it_is(status: int, tries: int) -> None:
    unchecked: list[int] = []

    def call() -> None:
        unchecked.append(1)
        raise Failure(status)

    async def acall() -> None:
        call()

    with pytest.raises(Failure):
        retrying(3, 0.0001)(call)
    assert len(unchecked) == tries
    with pytest.raises(Failure):
        asyncio.run(async_retrying(3, 0.0001)(acall))
    assert len(unchecked) == 2 * tries


def test_what_passes_in_the_end_is_returned() -> None:
    outcomes = iter([Failure(503), TimeoutError(), "answer"])

    def call() -> str:
        outcome = next(outcomes)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    assert retrying(3, 0.0001)(call) == "answer"


def raised_from(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def test_the_status_of_what_an_error_was_raised_from_counts() -> None:
    assert not transient(raised_from(ValueError("no such model"), Failure(404)))
    assert not unusable(raised_from(ValueError("no such model"), Failure(404)))
    assert throttled(raised_from(RuntimeError("wrapped"), Failure(429)))


def test_what_says_that_a_provider_is_busy() -> None:
    assert all(throttled(Failure(status)) for status in (429, 503, 529))
    assert throttled(Subclassed())
    assert not any(throttled(Failure(status)) for status in (400, 500, 504))
    assert not throttled(TimeoutError())


@pytest.mark.parametrize("status", [None, 200])
def test_a_client_that_stumbles_over_an_answer_is_no_bug_of_ours(status: int | None) -> None:
    for error in (json.JSONDecodeError("cut", "", 0), IndexError(), TypeError(), AttributeError()):
        if status:
            error.response = SimpleNamespace(status_code=status)  # type: ignore[union-attr]
        assert unusable(error)
    assert not unusable(ZeroDivisionError())
    assert transient(UnusableAnswer())


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after": "86400"}, LONGEST),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": "nan"}, 0),
        ({"retry-after": "soon"}, 0),
        ({"retry-after": ""}, 0),
        ({}, 0),
        ({"retry-after": format_datetime(datetime.now(UTC) + timedelta(days=1), True)}, LONGEST),
        ({"retry-after": format_datetime(datetime(2020, 1, 1, tzinfo=UTC), True)}, 0),
    ],
)
def test_how_long_a_provider_asks_to_wait(headers: dict[str, str], seconds: float) -> None:
    error = RateLimitError()
    error.response = SimpleNamespace(status_code=429, headers=headers)  # type: ignore[attr-defined]
    assert retry_after(error) == seconds
    assert retry_after(raised_from(RuntimeError(), error)) == seconds
    assert retry_after(RateLimitError()) == 0
