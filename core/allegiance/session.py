"""The trial that is going on: its recorder and the performers in its seats.

Held in a context variable, so that one compiled graph serves any number of trials at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from allegiance.errors import TurnLimit
from allegiance.recorder import Recorder
from allegiance.script import Performer

CRITIC = "critic"
PEER = "peer"
OPERATOR = "operator"


@dataclass(frozen=True)
class Session:
    """What native tools and scripted models of a trial need.

    Attributes:
        recorder: The only writer of the trial's trace.
        performers: The scripted models by seat; seats with a real model have none.
        max_turns: How many turns models may take before the trial is cut short.
        attempts: How often a model call is tried when its provider fails.
        backoff: Seconds to wait before the second attempt; doubled before each further one.
    """

    recorder: Recorder
    performers: Mapping[str, Performer]
    max_turns: int = 40
    attempts: int = 4
    backoff: float = 1.0

    def check_turns(self) -> None:
        """Cut the trial short once its turns are used up.

        Raises:
            TurnLimit: If no turn is left.
        """
        if self.recorder.turns >= self.max_turns:
            raise TurnLimit(f"turn limit of {self.max_turns} reached")


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
