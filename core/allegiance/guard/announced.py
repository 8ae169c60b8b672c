"""The calls that models requested and that have not reached the guard."""

from __future__ import annotations

from itertools import islice

MOST = 1000
"""The calls that are remembered; an older one is counted as missed, but no longer by name."""


class Announced:
    """Compares the calls that models request with the calls that reach the guard.

    Attributes:
        forgotten: The number of calls that never came and are no longer known by their ids.
    """

    def __init__(self) -> None:
        self.forgotten = 0
        self._tools: dict[str, str] = {}
        self._ids: dict[str, dict[str, None]] = {}
        self._arrived: dict[str, None] = {}

    @property
    def missing(self) -> dict[str, str]:
        """The tools of the calls that have not come, by call id."""
        return dict(self._tools)

    def announce(self, call_id: str, tool: str) -> None:
        """Note a call that a model requests; some frameworks show it only after it has come."""
        if call_id in self._arrived or call_id in self._tools:
            return
        self._tools[call_id] = tool
        self._ids.setdefault(tool, {})[call_id] = None
        if len(self._tools) > MOST:
            self._remove(next(iter(self._tools)))
            self.forgotten += 1

    def arrive(self, call_id: str | None, tool: str) -> None:
        """Note a call that reaches the guard.

        A wrapped function has no call id: it is taken for the first requested call of that tool.
        """
        if not call_id:
            if (waiting := self._ids.get(tool)) is None:
                return
            call_id = next(iter(waiting))
        self._arrived[call_id] = None
        if len(self._arrived) > 2 * MOST:  # many at a time: a search for the oldest takes long
            for old in list(islice(self._arrived, MOST)):
                del self._arrived[old]
        if call_id in self._tools:
            self._remove(call_id)

    def _remove(self, call_id: str) -> None:
        tool = self._tools.pop(call_id)
        waiting = self._ids[tool]
        del waiting[call_id]
        if not waiting:
            del self._ids[tool]
