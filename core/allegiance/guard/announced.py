"""The calls that models request, and the evidence that some ran without the guard.

A requested call that never reaches the guard is no alarm by itself: it may wait for a person, name
a tool that does not exist, be answered by the framework, or stand for structured output. Only a
result that did not come past the guard shows that a call ran without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any, NamedTuple

from allegiance.guard.recent import put_bounded

MOST = 1000
"""The calls that are remembered; an older one that was missed is counted, but has no name."""


class _Request(NamedTuple):
    call_id: str
    tool: str
    args: Any
    actor: str


class Announced:
    """Compares the calls that models request with the calls that reach the guard.

    Attributes:
        forgotten: The number of calls that were missed and are no longer known by their ids.
    """

    def __init__(self) -> None:
        self.forgotten = 0
        self._missed: dict[str, str] = {}
        self._waiting: dict[int, _Request] = {}
        self._ids: dict[str, dict[int, None]] = {}
        self._tools: dict[str, dict[int, None]] = {}
        self._arrived: dict[str, None] = {}
        self._number = 0

    @property
    def missing(self) -> dict[str, str]:
        """The tools of the calls that ran without a decision, by call id."""
        return dict(self._missed)

    @property
    def waiting(self) -> dict[str, str]:
        """The tools of the calls that neither came nor are known to have run, by call id."""
        return {request.call_id: request.tool for request in self._waiting.values()}

    @property
    def is_empty(self) -> bool:
        """Whether no call waits."""
        return not self._waiting

    def announce(
        self, call_id: str, tool: str, args: Any = None, actor: str = "", *, again: bool = False
    ) -> None:
        """Note a call that a model requests.

        Args:
            call_id: Its id; a model may use the same id at every turn.
            tool: The tool.
            args: The arguments, to know the call by if it runs without its id.
            actor: The agent; two agents may use the same id at the same time.
            again: Whether the framework may have shown the same call before.
        """
        if again and (call_id in self._arrived or call_id in self._ids or call_id in self._missed):
            return
        self._number += 1
        number = self._number
        self._waiting[number] = _Request(call_id, tool, args, actor)
        self._ids.setdefault(call_id, {})[number] = None
        self._tools.setdefault(tool, {})[number] = None
        if len(self._waiting) > MOST:
            self._remove(next(iter(self._waiting)))

    def arrive(self, call_id: str | None, tool: str, actor: str = "") -> None:
        """Note a call that reaches the guard.

        A wrapped function has no call id: it is taken for the first requested call of that tool.
        """
        numbers = self._ids.get(call_id) if call_id else self._tools.get(tool)
        number = None
        if numbers:
            own = (n for n in numbers if self._waiting[n].actor == actor)
            number = next(own, next(iter(numbers)))
        if not call_id:
            if number is None:
                return
            call_id = self._waiting[number].call_id
        self._arrived[call_id] = None
        if len(self._arrived) > 2 * MOST:  # many at a time: a search for the oldest takes long
            for old in list(islice(self._arrived, MOST)):
                del self._arrived[old]
        if number is not None:
            self._remove(number)

    def answer(self, call_id: str) -> None:
        """Note that the framework answers a call without a tool."""
        for number in list(self._ids.get(call_id, ())):
            self._remove(number)

    def run(self, call_id: str | None, tool: str = "", args: Any = None, actor: str = "") -> bool:
        """Note evidence that a call ran, and tell whether it is one that never came.

        Args:
            call_id: Its id, if the evidence has one.
            tool: The tool; it must be that of the request if it is not empty.
            args: The arguments, to know a call without an id by.
            actor: The agent that got the result, if that is known.
        """
        for number in list(self._ids.get(call_id, ()) if call_id else self._tools.get(tool, ())):
            request = self._waiting[number]
            if request.actor != actor and actor and request.call_id in self._arrived:
                continue  # the result of another agent's call with the same id
            same_args = args is None or request.args is None or _equal(request.args, args)
            if (not tool or request.tool == tool) and (call_id or same_args):
                self._remove(number)
                self.forgotten += put_bounded(self._missed, request.call_id, request.tool, MOST)
                return True
        return False

    def _remove(self, number: int) -> None:
        request = self._waiting.pop(number)
        for index, key in ((self._ids, request.call_id), (self._tools, request.tool)):
            del index[key][number]
            if not index[key]:
                del index[key]


def _equal(requested: Any, ran: Any) -> bool:
    try:
        if isinstance(requested, Mapping) and isinstance(ran, Mapping):
            return dict(requested) == dict(ran)  # another kind of mapping may hold the same
        return bool(requested == ran)
    except Exception:  # noqa: BLE001 - arguments of a user's own may refuse to be compared
        return False
