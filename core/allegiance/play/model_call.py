"""Calls a provider's model through the cache, the throttle, a timeout and retries.

The roles of every adapter use it, so that a provider's failure leads to the same status in all
frameworks.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import asdict, dataclass
from typing import Generic, TypeVar

from allegiance.play.answer import collecting
from allegiance.play.recorder import Recorder
from allegiance.play.session import Session
from allegiance.provider.cache import ResponseCache, answer_key, request_digest
from allegiance.provider.endings import Ending
from allegiance.provider.retry import UnusableAnswer, async_retrying, retrying, throttled, unusable
from allegiance.provider.throttle import throttle_of

T = TypeVar("T")
_ENDING = "allegiance_ending"
"""The key of the ending beside an answer in the cache."""


@dataclass(frozen=True)
class ModelRequest(Generic[T]):
    """One request to a model, in the types of a framework.

    Attributes:
        model: Provider path and model; calls to the same model share a throttle.
        request: Returns everything that determines the answer, as data.
        write: Converts an answer to a JSON string.
        read: Converts a JSON string to an answer.
        kept: Whether the answer may be read from the cache and stored there.
    """

    model: str
    request: Callable[[], object]
    write: Callable[[T], str]
    read: Callable[[str], T]
    kept: bool = True


@dataclass(frozen=True)
class Reply(Generic[T]):
    """A model's answer.

    Attributes:
        answer: The answer, in the types of a framework.
        ending: What the provider said about it; None if its answer was not read on its way.
        cached: Whether it came from the cache.
    """

    answer: T
    ending: Ending | None = None
    cached: bool = False


def call_model(current: Session, question: ModelRequest[T], call: Callable[[], T]) -> Reply[T]:
    """Return a model's answer.

    Args:
        current: The trial that the call belongs to.
        question: The request.
        call: Calls the model once, in this thread or another.

    Raises:
        UnusableAnswer: If the provider's last answer could not be read.
        TimeoutError: If the provider did not answer in time.
        Exception: The error of the last attempt.
    """
    entry = _CacheEntry.of(current, question)
    if (cached := entry.look(question)) is not None:
        return cached

    def once() -> Reply[T]:
        with throttle_of(question.model).slot(), _judged(current.recorder), collecting() as seen:
            answer = _within(current.request_timeout, call)
            return Reply(answer, seen.ending)

    reply = retrying(current.attempts, current.backoff)(once)
    entry.keep(question, reply)
    return reply


async def acall_model(
    current: Session, question: ModelRequest[T], call: Callable[[], Awaitable[T]]
) -> Reply[T]:
    """Return a model's answer; see ``call_model``."""
    entry = _CacheEntry.of(current, question)
    if (cached := entry.look(question)) is not None:
        return cached

    async def once() -> Reply[T]:
        seconds = current.request_timeout
        async with throttle_of(question.model).aslot():
            with _judged(current.recorder), collecting() as seen:
                try:
                    async with asyncio.timeout(seconds) as clock:
                        answer = await call()
                        return Reply(answer, seen.ending)
                except TimeoutError:
                    if clock.expired():
                        raise _too_late(seconds) from None
                    raise

    reply: Reply[T] = await async_retrying(current.attempts, current.backoff)(once)
    entry.keep(question, reply)
    return reply


@dataclass(frozen=True)
class _CacheEntry:
    """The place of an answer in the cache; without a cache, nothing is stored."""

    cache: ResponseCache | None = None
    key: str = ""

    @classmethod
    def of(cls, current: Session, question: ModelRequest[T]) -> _CacheEntry:
        if current.cache is None or not question.kept:
            return cls()
        try:
            request = request_digest([question.model, question.request()])
        except (TypeError, ValueError, RecursionError) as error:
            current.cache.warn(f"a request has no digest: {error}")
            return cls()
        return cls(current.cache, answer_key(request, current.trial, current.draw(request)))

    def look(self, question: ModelRequest[T]) -> Reply[T] | None:
        text = self.cache.get(self.key) if self.cache else None
        if text is None:
            return None
        try:
            return _read_reply(text, question)
        except Exception:  # noqa: BLE001 - damaged, or from another version: call the model again
            return None

    def keep(self, question: ModelRequest[T], reply: Reply[T]) -> None:
        if self.cache is None:
            return
        try:
            text = _write_reply(reply, question)
        except Exception as error:  # noqa: BLE001 - a framework's object that JSON cannot hold
            self.cache.warn(f"an answer cannot be written as JSON: {error}")
        else:
            self.cache.put(self.key, text)


def _write_reply(reply: Reply[T], question: ModelRequest[T]) -> str:
    answer = question.write(reply.answer)
    ending = None if reply.ending is None else asdict(reply.ending)
    return json.dumps({_ENDING: ending, "answer": json.loads(answer)})


def _read_reply(text: str, question: ModelRequest[T]) -> Reply[T]:
    data = json.loads(text)
    if not isinstance(data, dict) or _ENDING not in data:  # written before endings were kept
        return Reply(question.read(text), cached=True)
    ending = None if data[_ENDING] is None else Ending(**data[_ENDING])
    return Reply(question.read(json.dumps(data["answer"])), ending, cached=True)


@contextmanager
def _judged(recorder: Recorder) -> Iterator[None]:
    """Count a busy provider's answers, and raise ``UnusableAnswer`` for an unreadable answer."""
    try:
        yield
    except Exception as error:
        if throttled(error):
            recorder.throttled()
        if unusable(error):
            raise UnusableAnswer(f"no usable answer: {type(error).__name__}: {error}") from error
        raise


def _within(seconds: float | None, call: Callable[[], T]) -> T:
    """Call in a thread that is left behind if it takes too long: a thread cannot be stopped."""
    if seconds is None:
        return call()
    future: Future[T] = Future()
    context = copy_context()

    def work() -> None:
        try:
            future.set_result(context.run(call))
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            future.set_exception(error)

    threading.Thread(target=work, name="allegiance-request", daemon=True).start()
    try:
        return future.result(seconds)
    except TimeoutError:
        if future.done():
            raise
        raise _too_late(seconds) from None


def _too_late(seconds: float | None) -> TimeoutError:
    return TimeoutError(f"no answer within {seconds or 0.0:g} s")
