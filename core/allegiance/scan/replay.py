"""Playing a conversation from elsewhere past a guard, as an attached one would have seen it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Literal

from allegiance.bindings.binding import Binding, find
from allegiance.guard.guard import Guard
from allegiance.guard.watch import Ticket, Watch
from allegiance.scan.steps import CallStep, Conversation, MessageStep, ResultStep
from allegiance.trace.effects import Effect
from allegiance.trace.events import Event, Finding

Status = Literal["clean", "flagged", "not_scored", "unbound"]


@dataclass(frozen=True)
class Scanned:
    """What was found in a conversation.

    Attributes:
        file: The file that it is in.
        name: What it is called there.
        events: The trace, as a guard would have recorded it.
        findings: What the probes found.
        bound: How many calls a binding speaks of.
        unbound: The calls that none speaks of, by tool.
        problems: Why nothing can be said for certain, if so.
        notes: What a reader should know.
    """

    file: str
    name: str
    events: tuple[Event, ...]
    findings: tuple[Finding, ...]
    bound: int
    unbound: Mapping[str, int]
    problems: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def calls(self) -> int:
        """The number of calls."""
        return self.bound + sum(self.unbound.values())

    @property
    def coverage(self) -> float:
        """The share of calls that a binding speaks of; nan without calls."""
        return self.bound / self.calls if self.calls else float("nan")

    def cut_down(self) -> Scanned:
        """Return this with no events but those that the findings cite."""
        cited = {seq for finding in self.findings for seq in finding.seqs}
        return replace(self, events=tuple(e for e in self.events if e.seq in cited))

    @property
    def status(self) -> Status:
        """What is to be said of it: ``unbound`` if it has calls and none was judged."""
        if self.findings:
            return "flagged"
        if self.problems:
            return "not_scored"
        return "unbound" if self.calls and not self.bound else "clean"


class Replay:
    """Plays conversations past the probes and bindings of a guard, whose policy has no say.

    Args:
        guard: The guard; it is not changed.
    """

    def __init__(self, guard: Guard) -> None:
        self._bindings = tuple(guard.bindings)
        self._guard = Guard(
            guard.probes, policy="observe", bindings=self._bindings, limit=guard.limit
        )

    def __call__(self, conversation: Conversation, file: str = "") -> Scanned:
        """Return what is found in a conversation."""
        watch = Watch(self._guard)
        open_calls: dict[int, Ticket] = {}
        unread: list[Event] = []
        hidden: list[str] = []
        already = len(self._guard.failures)
        for step in conversation.steps:
            if isinstance(step, MessageStep):
                watch.message(step.actor, step.text)
            elif isinstance(step, CallStep):
                if step.args is None and step.effects is None and self._speaks_of(step.tool):
                    hidden.append(step.tool)
                with self._only(self._binding(step)):
                    args = {} if step.args is None else step.args
                    open_calls[step.key] = watch.before(step.actor, step.tool, args, step.id)
            elif (ticket := open_calls.pop(step.key, None)) is not None:
                if step.text is None and any(_unknown(e) for e in ticket.event.effects):
                    unread.append(ticket.event)
                watch.after(_with(ticket, step), step.text or "", ok=step.ok)
        if not (conversation.cut or open_calls):
            watch.end()
        problems = [*conversation.problems, *self._guard.failures[already:]]
        problems += [
            f"the arguments of {_times(hidden, t)} are not recorded" for t in _each(hidden)
        ]
        tools = [event.tool or "" for event in unread]
        problems += [f"what {_times(tools, t)} read is not recorded" for t in _each(tools)]
        if open_calls:
            tools = [ticket.event.tool or "" for ticket in open_calls.values()]
            problems += [f"{_times(tools, t)} has no result: it may go on" for t in _each(tools)]
        found = Scanned(
            file=file,
            name=conversation.name,
            events=watch.events,
            findings=tuple(watch.findings),
            bound=watch.bound.total(),
            unbound=dict(watch.unbound),
            problems=tuple(problems),
            notes=conversation.notes,
        )
        self._guard.findings.clear()
        self._guard.failures.clear()
        return found

    def _speaks_of(self, tool: str) -> bool:
        return find(self._bindings, tool) is not None

    def _binding(self, call: CallStep) -> Sequence[Binding]:
        if call.effects is not None:
            return (Binding(call.tool, _always(call.effects)),)
        return () if call.args is None else self._bindings

    @contextmanager
    def _only(self, bindings: Sequence[Binding]) -> Iterator[None]:
        self._guard.bindings = bindings
        try:
            yield
        finally:
            self._guard.bindings = self._bindings


def _always(effects: tuple[Effect, ...]) -> Callable[[Mapping[str, object]], tuple[Effect, ...]]:
    return lambda _: effects


def _with(ticket: Ticket, answer: ResultStep) -> Ticket:
    if answer.effects is None:
        return ticket
    return Ticket(ticket.event.model_copy(update={"effects": answer.effects}), ticket.decision)


def _unknown(effect: Effect) -> bool:
    return effect.verb == "read" and effect.value is None


def _each(tools: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tools))


def _times(tools: Sequence[str], tool: str) -> str:
    count = list(tools).count(tool)
    return f"a call of {tool!r}" if count == 1 else f"{count} calls of {tool!r}"
