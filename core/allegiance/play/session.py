"""The trial that is going on: its recorder and the performers in its roles.

Held in a context variable, so that one compiled graph serves any number of trials at once.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from allegiance.errors import TurnLimit
from allegiance.play.recorder import Recorder
from allegiance.scenario.script import ScriptPlayer
from allegiance.trace.events import CRITIC, OPERATOR, PEER
from allegiance.trace.trials import Usage

if TYPE_CHECKING:  # it loads SQLite
    from allegiance.provider.cache import ResponseCache

__all__ = ["CRITIC", "OPERATOR", "PEER", "Session", "playing", "session"]


@dataclass(frozen=True)
class Session:
    """What native tools and scripted models of a trial need.

    Attributes:
        recorder: The only writer of the trial's trace.
        script_players: The scripted models by role; roles with a real model have none.
        max_turns: How many turns models may take before the trial is cut short.
        attempts: How often a model call is tried when its provider fails.
        backoff: Seconds to wait before the second attempt; doubled before each further one.
        request_timeout: Seconds that a provider may take for one answer; None for no limit of ours.
        cache: Answers from earlier on, if they may be used and kept.
        trial: The key of the trial; answers are kept for it alone.
        max_tokens: How many tokens models may read and write; None for any number.
        max_cost: The same in US dollars.
        price: What models' use costs in US dollars, where there is a limit of cost.
    """

    recorder: Recorder
    script_players: Mapping[str, ScriptPlayer]
    max_turns: int = 40
    attempts: int = 4
    backoff: float = 1.0
    request_timeout: float | None = None
    cache: ResponseCache | None = None
    trial: str = ""
    max_tokens: int | None = None
    max_cost: float | None = None
    price: Callable[[Usage], float] | None = None
    _draws: Counter[str] = field(default_factory=Counter, repr=False, compare=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def draw(self, request: str) -> int:
        """Return how often the trial has made a request before, and count it."""
        with self._lock:
            self._draws[request] += 1
            return self._draws[request] - 1

    def check_turns(self) -> None:
        """Cut the trial short once its turns, tokens or money are used up.

        Raises:
            TurnLimit: If no turn is left.
        """
        if self.recorder.turns >= self.max_turns:
            raise TurnLimit(f"turn limit of {self.max_turns} reached")
        if self.max_tokens is not None and self.recorder.usage.paid_tokens >= self.max_tokens:
            raise TurnLimit(f"limit of {self.max_tokens} tokens reached")
        if self.max_cost is not None and self.price is not None:
            spent = self.price(self.recorder.usage)
            if spent >= self.max_cost:
                raise TurnLimit(f"limit of {self.max_cost:g} US dollars reached: {spent:.4f} spent")


_CURRENT: ContextVar[Session] = ContextVar("allegiance_session")


def session() -> Session:
    """Return the trial that is going on.

    Raises:
        RuntimeError: Outside a trial, or in a thread that did not copy the context.
    """
    try:
        return _CURRENT.get()
    except LookupError:
        raise RuntimeError(
            "no trial is going on in this context: a tool or model of a trial was called after it "
            "ended, or in a thread that was started without a copy of the context"
        ) from None


@contextmanager
def playing(current: Session) -> Iterator[Session]:
    """Make a trial the current one for the enclosed block and the tasks started in it."""
    token = _CURRENT.set(current)
    try:
        yield current
    finally:
        _CURRENT.reset(token)
