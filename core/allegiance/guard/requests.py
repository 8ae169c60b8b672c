"""What models request, compared with what comes past a watch."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from allegiance.guard.announced import Announced
from allegiance.guard.ticket import GuardBypassed

if TYPE_CHECKING:
    from allegiance.guard.boundary import ToolBoundary
    from allegiance.guard.decider import Decider


class Requests:
    """The part of a watch that notices calls that ran without a decision.

    Attributes:
        elsewhere: The parts of the run in other processes, whose calls the guard does not see.
    """

    boundary: ToolBoundary
    guard: Decider
    outer: Requests | None

    def __init__(self) -> None:
        self.elsewhere: dict[str, None] = {}
        self._announced = Announced()

    def announce(
        self,
        call_id: str | None,
        tool: str,
        args: Any = None,
        actor: str = "",
        *,
        again: bool = False,
    ) -> None:
        """Note that a model requested a call, so that a missing decision on it is noticed.

        Args:
            call_id: The id of the call.
            tool: The tool.
            args: The arguments, to know the call by if it runs without its id.
            actor: The agent; two agents may use the same id at the same time.
            again: Whether the framework may have shown the same call before.
        """
        if call_id:
            with self.boundary.lock:
                self._announced.announce(call_id, tool, args, actor, again=again)
        if self.outer is not None:
            self.outer.announce(call_id, tool, args, actor, again=again)

    def note_run(
        self, call_id: str | None, tool: str = "", args: Any = None, actor: str = ""
    ) -> None:
        """Note evidence that a call ran: it is missed if it never came past the guard.

        Args:
            call_id: The id of the call whose result was seen, if there is one.
            tool: The tool.
            args: The arguments, to know a call without an id by.
            actor: The agent that got the result, if that is known.
        """
        if not self._announced.is_empty:
            with self.boundary.lock:
                self._announced.run(call_id, tool, args, actor)
        if self.outer is not None:
            self.outer.note_run(call_id, tool, args, actor)

    def note_answered(self, call_id: str) -> None:
        """Note that the framework answered a call itself, so that its result is no evidence."""
        with self.boundary.lock:
            self._announced.answer(call_id)
        if self.outer is not None:
            self.outer.note_answered(call_id)

    def note_elsewhere(self, what: str) -> None:
        """Say that a part of the run is in another process, whose calls do not come past.

        Args:
            what: What runs there.
        """
        if what not in self.elsewhere:
            self.elsewhere[what] = None
            warning = f"{what} runs in another process: this guard does not see its calls"
            self.guard.note_failure(warning)
            warnings.warn(warning, GuardBypassed, stacklevel=3)
        if self.outer is not None:
            self.outer.note_elsewhere(what)

    @property
    def missed(self) -> dict[str, str]:
        """The tools of calls that ran and never reached the guard, by call id."""
        with self.boundary.lock:
            return self._announced.missing

    @property
    def pending(self) -> dict[str, str]:
        """The tools of requested calls that never came and are not known to have run, by call id.

        They may wait for a person, name a tool that does not exist, or stand for an answer.
        """
        with self.boundary.lock:
            return self._announced.waiting
