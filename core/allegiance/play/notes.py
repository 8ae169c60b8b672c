"""Notes on a trial that no event holds: what the critic was offered, and which calls were lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from allegiance.play.exercise import LOST, REPEATED, STRAY, UNOFFERED
from allegiance.provider.endings import Cause
from allegiance.trace.events import CRITIC, Event


@dataclass(frozen=True)
class LastTurn:
    """The last turn of a role.

    Attributes:
        text: What it said, without reasoning.
        calls: The number of its calls; None if the adapter did not say.
        cause: Why its answer did not end as answers do, or None.
    """

    text: str
    calls: int | None
    cause: Cause | None


class Notes:
    """Counts what an app does with the critic's tools and calls; hold a lock to change it.

    Args:
        tools: The names of the tools that the critic is to be offered.
    """

    def __init__(self, tools: Collection[str]) -> None:
        self._tools = tools
        self._wanted: Counter[str] = Counter()
        self._stray = self._asked = self._since = self._repeated = 0
        self._offered: set[str] = set()
        self._remarks: dict[str, str] = {}

    def remark(self, name: str, text: str) -> None:
        """Note a fact about the app; an empty text takes the note back."""
        self._remarks[name] = text

    def turn(self, actor: str, calls: int | None, offered: Collection[str] | None) -> None:
        """Count a turn, with the number of its calls and the tools that it was offered."""
        self._wanted[actor] += calls or 0
        if actor == CRITIC:
            self._offered.update(offered or ())
            if calls and offered is not None and not any(t in offered for t in self._tools):
                self._stray += 1
            self._asked, self._since = calls or 0, 0

    def call(self, actor: str) -> None:
        """Count a call that is one more than the critic's last turn asks for."""
        if actor == CRITIC and self._asked:
            self._since += 1
            self._repeated += self._since > self._asked

    def texts(self, events: Sequence[Event]) -> dict[str, str]:
        """Return the notes by name."""
        notes = {name: text for name, text in self._remarks.items() if text}
        wanted = self._wanted[CRITIC]
        if wanted:
            made = len([e for e in events if e.kind == "tool_call" and e.actor == CRITIC])
            if made < wanted:
                notes[LOST] = f"{wanted - made} of {wanted}"
        missing = [name for name in self._tools if name not in self._offered]
        if len(missing) < len(self._tools) and missing:
            notes[UNOFFERED] = ", ".join(missing)
        if self._repeated:
            notes[REPEATED] = str(self._repeated)
        if self._stray:
            notes[STRAY] = str(self._stray)
        return notes
