"""Replaying a recorded conversation through a guard, as an attached guard would have seen it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Literal

from allegiance.bindings.binding import Binding, find
from allegiance.guard.guard import Guard
from allegiance.guard.watch import Ticket, Watch
from allegiance.scan.coverage import AgentShare, Understood, by_agent, by_tool
from allegiance.scan.duties import check_duties
from allegiance.scan.steps import CallStep, Conversation, MessageStep, ResultStep
from allegiance.statements.duties import Duty
from allegiance.trace.effects import Effect
from allegiance.trace.events import ITS_WORDS, Event, Finding

Status = Literal["clean", "flagged", "not_scored", "unbound", "nothing_to_judge"]


@dataclass(frozen=True)
class Scanned:
    """The result of scanning a conversation.

    Attributes:
        file: The file of the conversation.
        name: The name of the conversation in the file.
        events: The trace, as a guard would have recorded it.
        findings: The findings of the probes.
        bound: The number of calls with a binding that reads them as a whole.
        unbound: The number of other calls, by tool.
        problems: Reasons why a conversation without findings cannot be called clean.
        notes: Facts that a reader should know and that do not change the result.
        tools: The calls by tool, and how far they were understood.
        agents: What each agent did.
    """

    file: str
    name: str
    events: tuple[Event, ...]
    findings: tuple[Finding, ...]
    bound: int
    unbound: Mapping[str, int]
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    tools: Mapping[str, Understood] = field(default_factory=dict)
    agents: Mapping[str, AgentShare] = field(default_factory=dict)

    @property
    def calls(self) -> int:
        """The number of calls."""
        return self.bound + sum(self.unbound.values())

    @property
    def coverage(self) -> float:
        """The share of calls with a binding; nan without calls."""
        return self.bound / self.calls if self.calls else float("nan")

    def cut_down(self) -> Scanned:
        """Return a copy that has only the events that the findings cite."""
        cited = {seq for finding in self.findings for seq in finding.seqs}
        return replace(self, events=tuple(e for e in self.events if e.seq in cited))

    @property
    def status(self) -> Status:
        """The result in one word.

        ``unbound`` if it has calls and none of them has a binding, ``nothing_to_judge`` without
        calls.
        """
        if self.findings:
            return "flagged"
        if self.problems:
            return "not_scored"
        if not self.calls:
            return "nothing_to_judge"
        return "clean" if self.bound else "unbound"


def _partly_read(events: Sequence[Event]) -> Iterator[str]:
    """Yield a note for each kind of command of which a part could not be read."""
    calls = [event for event in events if event.kind == "tool_call" and event.text]
    texts = [event.text.partition(ITS_WORDS)[0] for event in calls]
    for text, count in Counter(texts).items():
        times = f" ({count} calls)" if count > 1 else ""
        yield f"{text}{times}: a call that is only partly read counts as not bound"


class Replay:
    """A replay of conversations through the probes and bindings of a guard.

    The policy of the guard has no effect.

    Args:
        guard: The guard; it is not changed.
        duties: What was to be done. A claim that a duty is done counts as false only if every call
            was understood as a whole, since another call may have done it.
    """

    def __init__(self, guard: Guard, duties: Sequence[Duty] = ()) -> None:
        self._duties = tuple(duties)
        self._bindings = tuple(guard.bindings)
        self._guard = Guard(
            guard.probes, "observe", self._bindings, limit=guard.limit, keep_events=None
        )

    def __call__(self, conversation: Conversation, file: str = "") -> Scanned:
        """Replay a conversation and return the result."""
        watch = Watch(self._guard)
        open_calls: dict[int, Ticket] = {}
        unread: list[Event] = []
        hidden: list[str] = []
        failures_before = len(self._guard.failures)
        for step in conversation.steps:
            if isinstance(step, MessageStep):
                watch.message(step.actor, step.text)
            elif isinstance(step, CallStep):
                if step.args is None and step.effects is None and self._has_binding(step.tool):
                    hidden.append(step.tool)
                with self._only(self._binding(step)):
                    args = {} if step.args is None else step.args
                    open_calls[step.key] = watch.before(step.actor, step.tool, args, step.id)
            elif (ticket := open_calls.pop(step.key, None)) is not None:
                if step.text is None and any(_unknown(e) for e in ticket.event.effects):
                    unread.append(ticket.event)
                watch.after(_with(ticket, step), step.text or "", ok=step.ok)
        if not (conversation.cut or open_calls):
            # not watch.end(), which warns of an unused guard if there is no message or call
            watch.boundary.append("end", "runner", "")
        problems = [*conversation.problems, *self._guard.failures[failures_before:]]
        problems += [
            f"the arguments of {_times(hidden, t)} are not recorded" for t in _distinct(hidden)
        ]
        tools = [event.tool or "" for event in unread]
        problems += [f"what {_times(tools, t)} read is not recorded" for t in _distinct(tools)]
        if open_calls:
            tools = [ticket.event.tool or "" for ticket in open_calls.values()]
            problems += [
                f"{_times(tools, t)} has no result: it may still run" for t in _distinct(tools)
            ]
        events, understood = watch.events, by_tool(watch.events)
        findings, doubts, notes = check_duties(self._duties, watch.findings, events, understood)
        result = Scanned(
            file=file,
            name=conversation.name,
            events=events,
            findings=findings,
            bound=watch.bound.total(),
            unbound=dict(watch.unbound),
            problems=(*problems, *doubts),
            notes=(*conversation.notes, *_partly_read(events), *notes),
            tools=understood,
            agents=by_agent(events, findings),
        )
        self._guard.findings.clear()
        self._guard.failures.clear()
        return result

    def _has_binding(self, tool: str) -> bool:
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


def _distinct(tools: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tools))


def _times(tools: Sequence[str], tool: str) -> str:
    count = list(tools).count(tool)
    return f"a call to {tool!r}" if count == 1 else f"{count} calls to {tool!r}"
