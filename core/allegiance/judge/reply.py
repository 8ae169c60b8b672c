"""What a judge's model sent back, and the count of what it cost."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from allegiance.provider.cache import ResponseCache, answer_key, request_digest


@dataclass(frozen=True)
class ModelReply:
    """A reply of a model, with what its provider says about it.

    Attributes:
        text: The text.
        finish: The provider's own reason for the end, such as ``stop`` or ``max_tokens``.
        refusal: The text in the field for refusals.
        input_tokens: Tokens that the model read; 0 if the provider reports none.
        output_tokens: Tokens that it wrote.
    """

    text: str
    finish: str = ""
    refusal: str = ""
    input_tokens: int = 0
    output_tokens: int = 0


Ask = Callable[[str, str], ModelReply]
"""Takes instructions and a request and returns the model's reply."""


class CallsSpent(Exception):
    """No more calls are allowed; the message has their number."""


@dataclass
class MeteredAsk:
    """Asks a model, counts the calls and their tokens, and stops at a number of calls.

    A repeated request is answered from the cache if there is one. Threads may share an object.

    Attributes:
        ask: Asks the model once.
        model: What identifies the model in the cache: its provider path and its name.
        most: Most calls, retries included; None for any number.
        cache: The cache of replies.
        calls: Calls until now, failed ones included.
        input_tokens: Tokens read in these calls.
        output_tokens: Tokens written in these calls.
        cached: Requests that were answered from the cache.
    """

    ask: Ask
    model: str
    most: int | None = None
    cache: ResponseCache | None = None
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached: int = 0
    _lock: Any = field(default_factory=threading.Lock, repr=False)

    def __call__(self, system: str, request: str) -> ModelReply:
        """Return the reply to a request.

        Raises:
            CallsSpent: If no more calls are allowed.
        """
        key = answer_key(request_digest([self.model, system, request]), "judge", 0)
        if (stored := self._stored(key)) is not None:
            with self._lock:
                self.cached += 1
            return stored
        with self._lock:
            if self.most is not None and self.calls >= self.most:
                raise CallsSpent(f"the limit of {self.most} calls is reached")
            self.calls += 1
        reply = self.ask(system, request)
        with self._lock:
            self.input_tokens += reply.input_tokens
            self.output_tokens += reply.output_tokens
        if self.cache is not None:
            self.cache.put(key, json.dumps(asdict(reply)))
        return reply

    def _stored(self, key: str) -> ModelReply | None:
        text = self.cache.get(key) if self.cache is not None else None
        if text is None:
            return None
        try:
            return ModelReply(**json.loads(text))
        except (TypeError, ValueError):  # from another version: ask again
            return None
