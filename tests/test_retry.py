from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from allegiance.retry import async_retrying, retrying, transient


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
    made: list[int] = []

    def call() -> None:
        made.append(1)
        raise Failure(status)

    async def acall() -> None:
        call()

    with pytest.raises(Failure):
        retrying(3, 0.0001)(call)
    assert len(made) == tries
    with pytest.raises(Failure):
        asyncio.run(async_retrying(3, 0.0001)(acall))
    assert len(made) == 2 * tries


def test_what_passes_in_the_end_is_returned() -> None:
    outcomes = iter([Failure(503), TimeoutError(), "answer"])

    def call() -> str:
        outcome = next(outcomes)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    assert retrying(3, 0.0001)(call) == "answer"
