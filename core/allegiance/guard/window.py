"""A timeline that keeps its last events, for an app that runs for days.

Probes look back by folds (``View.before``). A fold keeps its state, and it is brought up to date
before an event goes, so that its verdicts do not depend on how many events are kept. A probe
that asks for an event that is gone gets an ``EventsDropped``, which rejects the call.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import Any, TypeVar, get_args, overload

from allegiance.guard.recent import MOST, put_bounded
from allegiance.probe.history import History, replay_events
from allegiance.probe.protocol import Probe, event_kinds
from allegiance.probe.timeline import Timeline, View
from allegiance.trace.effects import Effect, Verb
from allegiance.trace.events import Event
from allegiance.world.state import World

S = TypeVar("S")
_EVERY_EFFECT = tuple(Effect.unchecked(verb, "guard") for verb in get_args(Verb))
Job = Callable[[], None]

KEPT_CHARACTERS = 50_000_000
"""The largest number of characters in the texts and arguments of the events that are kept."""


class EventsDropped(LookupError):
    """A probe asks for an event that is no longer kept; the message says what to do."""


class Kept(Sequence[Event]):
    """All events of a trace by their index, of which only the last can be read."""

    __slots__ = ("_state",)

    def __init__(self) -> None:
        # one attribute: a probe that was given up on may read while events are dropped
        self._state: tuple[int, list[Event]] = (0, [])

    @property
    def dropped(self) -> int:
        """The number of events that are gone."""
        return self._state[0]

    @property
    def last(self) -> list[Event]:
        """The events that are kept; the window adds to them."""
        return self._state[1]

    def __len__(self) -> int:
        dropped, events = self._state
        return dropped + len(events)

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Event]: ...
    def __getitem__(self, index: int | slice) -> Event | Sequence[Event]:
        dropped, events = self._state
        if isinstance(index, slice):
            start, stop, step = index.indices(dropped + len(events))
            first = min(start, stop + 1) if step < 0 else start
            if len(range(start, stop, step)) and first < dropped:
                raise _gone(first, dropped)
            return [events[i - dropped] for i in range(start, stop, step)]
        if index < 0:
            index += dropped + len(events)
        if 0 <= index < dropped:
            raise _gone(index, dropped)
        if index < 0:
            raise IndexError("there is no such event")
        return events[index - dropped]

    def between(self, start: int, stop: int) -> list[Event]:
        """Return the events from an index up to another."""
        dropped, events = self._state
        if start < dropped:
            raise _gone(start, dropped)
        return events[start - dropped : stop - dropped]

    def drop(self, count: int) -> list[Event]:
        """Drop the first events, and return them."""
        dropped, events = self._state
        self._state = (dropped + count, events[count:])
        return events[:count]


def _gone(index: int, dropped: int) -> EventsDropped:
    return EventsDropped(
        f"event {index} is no longer kept (the first that is kept is {dropped}): look back by "
        "view.before, called at every event, or raise keep_events of the guard"
    )


class WindowView(View):
    """A view whose folds keep their states when events are dropped."""

    __slots__ = ("_window",)

    def __init__(self, window: Window, event: Event) -> None:
        # not by View's own: a guard makes a view for each event
        self.events = window.kept
        self.size = event.seq + 1
        self.event = event
        self._window = window

    def before(self, key: Hashable, step: Callable[[S, Event], S], start: S) -> S:
        """Fold ``step`` over the events before the last one; see ``View.before``.

        Raises:
            EventsDropped: If the fold begins after events were dropped.
        """
        folds, end = self._window.folds, self.size - 1
        fold = folds.get(key)
        done, state = (0, start) if fold is None or fold[0] > end else fold[:2]
        if done < end:
            for event in self._window.kept.between(done, end):
                state = step(state, event)
        elif fold is not None:
            return state
        # a probe that was given up on may come late: a fold never goes back
        if fold is None or folds[key][0] <= end:
            folds[key] = (end, state, step)
        return state

    def history(self, world: World) -> History:
        """Return what became of a world, see ``View.history``.

        Raises:
            EventsDropped: If events were dropped.
        """
        return replay_events(world, self.events[: self.size])

    def call(self) -> Event | None:
        """Return the call that the last event is the result of, even if it is no longer kept."""
        if self.size == len(self._window.kept) and self._window.answered is not None:
            return self._window.answered
        try:
            return super().call()
        except EventsDropped:
            return None


class Window(Timeline):
    """A timeline that keeps its last events.

    Args:
        keep: The number of events that are kept at least, unless their texts are very long.
        characters: The largest number of characters that are kept.

    Attributes:
        kept: The events.
        folds: The events that each fold has seen, its state and its step.
        answered: The call that the last event is the result of, or None.
        size: The characters of the events that are kept.
    """

    _count: int = 0  # an attribute, because a guard adds an event at every call

    def __init__(self, keep: int, characters: int = KEPT_CHARACTERS) -> None:
        super().__init__()
        self.kept = Kept()
        self.events = self.kept  # type: ignore[assignment] # a sequence that drops its first items
        self.folds: dict[Hashable, tuple[int, Any, Callable[[Any, Event], Any]]] = {}
        self.answered: Event | None = None
        self.size = 0
        self._keep = max(keep, 1)
        self._most = self._keep + self._keep // 16
        self._characters = characters
        self._open: dict[str | None, Event] = {}
        self._sizes: list[int] = []
        self._last: Event | None = None

    def _append(self, event: Event) -> None:
        self._count += 1
        self.kept.last.append(event)
        self._last = event
        self.answered = None
        if event.kind == "tool_call":  # calls without a result are kept longer, but not for ever
            put_bounded(self._open, event.call_id, event, self._keep)
        elif event.kind == "tool_result":
            self.answered = self._open.pop(event.call_id, None)

    def view(self, size: int | None = None) -> View:
        """Return the view of all events.

        Raises:
            ValueError: If another size is asked for.
        """
        if self._last is None or (size is not None and size != self._count):
            raise ValueError("only the view of all events is left")
        return WindowView(self, self._last)

    def weigh(self, size: int) -> bool:
        """Note the characters of the last event, and tell whether events are to be dropped."""
        self._sizes.append(size)
        self.size += size
        # some more, so that not every event moves all the others
        return len(self._sizes) > self._most or self.size > self._characters

    def trim(self, run: Callable[[Any, Job], None], probes: Iterable[Probe] = ()) -> None:
        """Bring the folds up to date, and drop the events that need not be kept.

        Args:
            run: Runs the code of a probe, the first argument, under a time limit. A fold whose step
                fails stays where it is, and its probe will reject the next call.
            probes: The probes, of which some may not have begun their folds yet.
        """
        if self.kept.dropped == 0:
            for probe in probes:
                if id(probe) not in self.folds:
                    run(probe, partial(self._begin, probe))
        count = max(len(self._sizes) - self._keep, 0)
        size = self.size - sum(self._sizes[:count])
        while size > self._characters and count < len(self._sizes) - 1:
            size -= self._sizes[count]
            count += 1
        end = self.kept.dropped + count
        for key, (done, _, step) in list(self.folds.items()):
            if self.kept.dropped <= done < end:
                run(step, partial(self._advance, key, end))
        self.kept.drop(count)
        del self._sizes[:count]
        self.size = size

    def _begin(self, probe: Probe) -> None:
        """Let a probe begin its fold while all events are there.

        A probe that looks back only at the end is shown what it would see if the trace ended now,
        and one that looks back only at some effects is shown an event with an effect of each verb.
        """
        for kind in event_kinds(probe):
            event = Event(seq=self._count, kind=kind, actor="guard", effects=_EVERY_EFFECT)
            with suppress(Exception):  # it was not asked in earnest
                for _ in islice(probe(WindowView(self, event)), MOST):
                    pass
            if id(probe) in self.folds:
                return

    def _advance(self, key: Hashable, end: int) -> None:
        done, state, step = self.folds[key]
        for event in self.kept.between(done, end):
            state = step(state, event)
        if self.folds[key][0] <= end:
            self.folds[key] = (end, state, step)
