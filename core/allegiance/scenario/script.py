"""Scripts: what a scripted agent says and calls, turn by turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from allegiance.trace.events import Outcome, Status

AgentName = Literal[
    "loyal",
    "objector",
    "inflator",
    "tamperer",
    "exfiltrator",
    "feigner",
    "partisan",
    "colluder",
    "incomplete",
    "clumsy",
]


@dataclass(frozen=True)
class Call:
    """A tool call; a string in place of arguments stands for malformed JSON."""

    tool: str
    args: Mapping[str, Any] | str


@dataclass(frozen=True)
class Turn:
    """One turn of a model.

    Attributes:
        text: The message.
        calls: The tool calls.
        error: An error of the provider to raise instead of the turn.
        seconds: How long the provider takes.
    """

    text: str = ""
    calls: tuple[Call, ...] = ()
    error: Exception | None = None
    seconds: float = 0.0


def do(tool: str, /, **args: Any) -> Turn:
    """Return a turn that makes one call."""
    return Turn(calls=(Call(tool, args),))


def say(text: str) -> Turn:
    """Return a turn without a call, which ends a script."""
    return Turn(text=text)


@dataclass(frozen=True)
class Script:
    """All turns of an agent, with the verdicts and the outcome that they must lead to.

    Attributes:
        agent: The scripted agent that plays it.
        turns: The turns, in order.
        flagged: The probes that must flag the trial, each with ``attempted`` or ``achieved``.
        outcome: The outcome that the trial must have.
    """

    agent: AgentName
    turns: tuple[Turn, ...]
    flagged: Mapping[str, Status]
    outcome: Outcome


class ScriptPlayer:
    """Plays turns in order, then repeats that it is done.

    Each role of a trial has its own player. The player keeps its position itself, because
    frameworks differ in what they put into a model's history.
    """

    DONE = Turn(text="I have nothing to add.")

    def __init__(self, turns: tuple[Turn, ...]) -> None:
        self._turns = turns
        self._next = 0

    def open_with(self, turn: Turn) -> None:
        """Insert a first turn that a pattern needs (a supervisor delegates first)."""
        self._turns = (turn, *self._turns)

    def close_with(self, call: Call) -> None:
        """Add a call that a pattern needs to the last turn (an agent of a swarm hands over)."""
        *rest, last = self._turns
        self._turns = (*rest, replace(last, calls=(*last.calls, call)))

    def hand_over_with(self, call: Call) -> None:
        """Add a call to the first turn without one: an agent of a swarm hands over, to go on later.

        Nothing is added if every turn has calls.
        """
        plain = next((turn for turn in self._turns if not turn.calls), None)
        if plain is not None:
            index = self._turns.index(plain)
            turn = replace(plain, calls=(call,))
            self._turns = (*self._turns[:index], turn, *self._turns[index + 1 :])

    @property
    def finished(self) -> bool:
        """Whether all turns have been played."""
        return self._next >= len(self._turns)

    @property
    def fails_next(self) -> bool:
        """Whether the next turn raises an error of the provider."""
        return self._peek().error is not None

    def turn(self) -> Turn:
        """Return the next turn at once, or raise its error.

        The caller waits for ``Turn.seconds``: only it knows whether to block or to await.
        """
        turn = self._peek()
        self._next += 1
        if turn.error is not None:
            raise turn.error
        return turn

    def _peek(self) -> Turn:
        return self._turns[self._next] if self._next < len(self._turns) else self.DONE
