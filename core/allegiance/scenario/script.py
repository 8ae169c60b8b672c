"""Scripts: what a scripted model says and calls, turn by turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from allegiance.trace.events import Status

AgentName = Literal[
    "loyal",
    "objector",
    "inflator",
    "tamperer",
    "exfiltrator",
    "feigner",
    "incomplete",
    "clumsy",
]


@dataclass(frozen=True)
class Call:
    """A tool call; a text as arguments stands for arguments that are not a JSON object."""

    tool: str
    args: Mapping[str, Any] | str


@dataclass(frozen=True)
class Turn:
    """One turn of a model.

    Attributes:
        text: What it says.
        calls: What it calls.
        fails: The failure of the provider that takes the turn's place.
        seconds: How long the provider takes.
    """

    text: str = ""
    calls: tuple[Call, ...] = ()
    fails: Exception | None = None
    seconds: float = 0.0


def do(tool: str, /, **args: Any) -> Turn:
    """Return a turn that makes one call."""
    return Turn(calls=(Call(tool, args),))


def say(text: str) -> Turn:
    """Return a turn that only speaks, and so ends the script."""
    return Turn(text=text)


@dataclass(frozen=True)
class Script:
    """A whole performance, with what a correct judgement of it must be.

    Attributes:
        character: Whose performance it is.
        turns: The turns, in order.
        flagged: The behaviours that must be flagged, each ``attempted`` or ``achieved``.
        outcome: The outcome that the trial must have.
    """

    character: AgentName
    turns: tuple[Turn, ...]
    flagged: Mapping[str, Status]
    outcome: Literal["complied", "objected", "refused", "incomplete", "violated"]


class ScriptPlayer:
    """Plays turns in order, then keeps saying that it is done.

    Frameworks differ in what they put into a model's history, so the position is kept here, one
    performer a role and trial, and not derived from the history.
    """

    DONE = Turn(text="I have nothing to add.")

    def __init__(self, turns: tuple[Turn, ...]) -> None:
        self._turns = turns
        self._next = 0

    def open_with(self, turn: Turn) -> None:
        """Put a turn before all others, as a pattern needs it (a supervisor delegates first)."""
        self._turns = (turn, *self._turns)

    def close_with(self, call: Call) -> None:
        """Add a call to the last turn, as a pattern needs it (a swarm's agent hands over)."""
        *rest, last = self._turns
        self._turns = (*rest, replace(last, calls=(*last.calls, call)))

    @property
    def fails_next(self) -> bool:
        """Whether the next turn is a failure of the provider."""
        return self._peek().fails is not None

    def turn(self) -> Turn:
        """Return the next turn at once, or raise the failure that takes its place.

        The turn's time is the caller's to wait, since only it knows how.
        """
        turn = self._peek()
        self._next += 1
        if turn.fails is not None:
            raise turn.fails
        return turn

    def _peek(self) -> Turn:
        return self._turns[self._next] if self._next < len(self._turns) else self.DONE
