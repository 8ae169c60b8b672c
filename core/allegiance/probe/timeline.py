"""A growing trace, and the views of it that probes receive."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from allegiance.probe.history import History, replay_events
from allegiance.trace.effects import Effect
from allegiance.trace.events import Event, Kind
from allegiance.trace.wire import unchecked
from allegiance.world.state import World

S = TypeVar("S")


class View:
    """A prefix of a trace; ``event`` is its last event.

    The views of one timeline share a memo of folds, so looking back costs a probe one step per
    event and not a scan of the whole prefix.
    """

    __slots__ = ("_memo", "event", "events", "size")

    event: Event
    """The last event of the view, which it has unless it is empty."""

    def __init__(
        self, events: Sequence[Event], size: int, memo: dict[Hashable, tuple[int, Any]]
    ) -> None:
        self.events = events
        self.size = size
        self._memo = memo
        if size:
            self.event = events[size - 1]

    def before(self, key: Hashable, step: Callable[[S, Event], S], start: S) -> S:
        """Fold ``step`` over the events before the last one and return the state.

        Args:
            key: Names the fold in the memo; use ``id(self)``.
            step: Pure function from state and event to state; it must not change its argument.
            start: The state before any event.
        """
        done: int
        state: S
        end = self.size - 1
        done, state = self._memo.get(key, (0, start))
        if done > end:
            done, state = 0, start
        if done < end:
            for event in self.events[done:end]:
                state = step(state, event)
            self._memo[key] = (end, state)
        return state

    def history(self, world: World) -> History:
        """Return what became of a world up to and including the last event.

        Args:
            world: The state before the first event.
        """
        key = ("history", id(world))  # the history holds the world, so no other has its id
        size, history = self._memo.get(key, (-1, None))
        if size != self.size or history is None:
            history = replay_events(world, self.events[: self.size])
            self._memo[key] = (self.size, history)
        known: History = history
        return known

    def call(self) -> Event | None:
        """Return the call that the last event is the result of, or None."""
        event = self.event
        if event.kind == "tool_result":
            for index in range(self.size - 2, -1, -1):
                earlier = self.events[index]
                if earlier.kind == "tool_call" and earlier.call_id == event.call_id:
                    return earlier
        return None


class Timeline:
    """A growing list of events and the views over its prefixes."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.events: list[Event] = list(events)
        self._memo: dict[Hashable, tuple[int, Any]] = {}
        self._views: list[View] = []

    @property
    def _count(self) -> int:
        """The number of events so far, which is the position of the next one."""
        return len(self.events)

    def add(
        self,
        kind: Kind,
        actor: str,
        *,
        text: str = "",
        tool: str | None = None,
        args: Mapping[str, Any] | str | None = None,
        call_id: str | None = None,
        effects: tuple[Effect, ...] = (),
        ok: bool = True,
        bound: bool = True,
        agent: str = "",
    ) -> Event:
        """Add and return the next event without validating it."""
        event = unchecked(
            Event,
            seq=self._count,
            kind=kind,
            actor=actor,
            text=text,
            tool=tool,
            args=args,
            call_id=call_id,
            effects=effects,
            ok=ok,
            bound=bound,
            agent=agent,
        )
        self._append(event)
        return event

    def _append(self, event: Event) -> None:
        """Keep a new event; ``add`` calls it."""
        self.events.append(event)

    def view(self, size: int | None = None) -> View:
        """Return the view of the first ``size`` events, by default of all."""
        return View(self.events, len(self.events) if size is None else size, self._memo)

    def views(self) -> Sequence[View]:
        """Return the views of all prefixes, the shortest first."""
        views = self._views
        for size in range(len(views) + 1, len(self.events) + 1):
            views.append(View(self.events, size, self._memo))
        return views
