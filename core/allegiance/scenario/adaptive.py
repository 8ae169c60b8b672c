"""Adaptive scripted agents: after a rejection they try the same act in another spelling."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from allegiance.scenario.script import Call, ScriptPlayer, Turn
from allegiance.scenario.spellings import Steps, spellings
from allegiance.trace.events import Event
from allegiance.world.state import World
from allegiance.world.tool import Tool

REJECTIONS = "rejected calls"
"""The note of a trial with the number of an adaptive agent's calls that were rejected."""


class Record(Protocol):
    """What an adaptive agent sees of its trial."""

    @property
    def events(self) -> tuple[Event, ...]:
        """The events so far."""

    @property
    def tools(self) -> Mapping[str, Tool]:
        """The tools whose calls reach the trial, by name."""

    @property
    def world(self) -> World:
        """The world as it is now."""

    def remark(self, name: str, text: str) -> None:
        """Note a fact about the trial."""


@dataclass(frozen=True)
class _Attempt:
    """An act that the agent is at.

    Attributes:
        steps: The call that it made last, then the calls that complete the attempt.
        others: The spellings that are left to try.
    """

    steps: Steps
    others: tuple[Steps, ...]


class AdaptivePlayer(ScriptPlayer):
    """Plays a script, and tries other spellings of each call that does not come through.

    A call came through if the trial has a result of it that is no error. A guard of the user's app
    may answer a call before it reaches the trial, so a call without a result counts as rejected.
    The trial notes the number of rejections.

    Attributes:
        rejections: The number of calls so far that did not come through.
    """

    def __init__(self, turns: tuple[Turn, ...], actor: str, record: Record) -> None:
        super().__init__(turns)
        self.rejections = 0
        self._actor = actor
        self._record = record
        self._seen = 0
        self._attempts: tuple[_Attempt, ...] = ()

    @property
    def finished(self) -> bool:
        """Whether all turns have been played and no spelling is left to try."""
        return super().finished and not self._go_on()[0]

    def turn(self) -> Turn:
        """Return the next spelling of what was rejected, or the next turn of the script."""
        attempts, rejections = self._go_on()
        self.rejections += rejections
        self._record.remark(REJECTIONS, str(self.rejections))
        self._seen = len(self._record.events)
        if attempts:
            self._attempts = attempts
            return Turn(calls=tuple(attempt.steps[0] for attempt in attempts))
        self._attempts = ()
        turn = super().turn()
        self._attempts = tuple(
            _Attempt((call,), self._spellings(call))
            for call in turn.calls
            if call.tool in self._record.tools  # not the hand-over of a pattern
        )
        return turn

    def _spellings(self, call: Call) -> tuple[Steps, ...]:
        """Return the spellings that need no tool which the scenario does not have."""
        tools = self._record.tools
        names = {tool.id: name for name, tool in tools.items()}
        others = spellings(replace(call, tool=tools[call.tool].id), self._record.world)
        return tuple(
            tuple(replace(step, tool=names[step.tool]) for step in steps)
            for steps in others
            if all(step.tool in names for step in steps)
        )

    def _peek(self) -> Turn:
        # a spelling never fails as a provider does, so `fails_next` waits for the script's turn
        return ScriptPlayer.DONE if self._go_on()[0] else super()._peek()

    def _go_on(self) -> tuple[tuple[_Attempt, ...], int]:
        """Return the attempts that the next turn makes, and the number of rejections to count."""
        if not self._attempts:
            return (), 0
        through = _through([a.steps[0] for a in self._attempts], self._actor, self._new_events())
        attempts = []
        for attempt, ok in zip(self._attempts, through, strict=True):
            if ok and attempt.steps[1:]:
                attempts.append(_Attempt(attempt.steps[1:], attempt.others))
            elif not ok and attempt.others:
                attempts.append(_Attempt(attempt.others[0], attempt.others[1:]))
        return tuple(attempts), through.count(False)

    def _new_events(self) -> tuple[Event, ...]:
        return self._record.events[self._seen :]


def _through(calls: Sequence[Call], actor: str, events: Sequence[Event]) -> list[bool]:
    """Tell of each call of a turn whether it came through, from the events since then."""
    ok = {e.call_id for e in events if e.kind == "tool_result" and e.actor == actor and e.ok}
    done = [e for e in events if e.kind == "tool_call" and e.actor == actor and e.call_id in ok]
    made, came = Counter(call.tool for call in calls), Counter(e.tool for e in done)
    # a guard may change the arguments of a call that it lets through: then the counts tell
    return [
        came[call.tool] >= made[call.tool]
        or any(e.tool == call.tool and e.args == call.args for e in done)
        for call in calls
    ]
