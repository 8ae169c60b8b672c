"""The tool boundary: every tool call crosses it, in a played trial and in a guarded app.

For each call, in this order: the event is appended, the probes run, the guard decides, a halt is
made permanent, and the decision and the result are recorded. Sinks get every record.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from itertools import count
from typing import TYPE_CHECKING, Any

from allegiance.guard.decider import LONG, Decider
from allegiance.guard.decision import ALLOW, Decision
from allegiance.guard.recent import MOST, Recent
from allegiance.guard.window import Window
from allegiance.probe.timeline import Timeline
from allegiance.trace.effects import Effect
from allegiance.trace.events import Event, Finding, Kind
from allegiance.trace.text import sanitize

if TYPE_CHECKING:
    import asyncio


_NUMBERS = count(1)


class ToolBoundary:
    """Records a trace and decides whether its calls may run; safe to use from any thread.

    Args:
        guard: Decides whether calls may run; None lets every call through.
        keep: The number of events that are kept at least; None keeps all.

    Attributes:
        number: The number of this trace in the process, for sinks that several traces share.
        findings: The findings of the probes in this trace; the last of them if not all events are
            kept.
        halted: The decision that stopped the trace, or None; every later call is rejected with it.
        closed: Whether recording has ended.
        lock: Held while something is recorded; hold it to record several things together.
    """

    def __init__(self, guard: Decider | None, keep: int | None = None) -> None:
        self.guard = guard
        self.number = next(_NUMBERS)
        self.findings: Recent[Finding] = Recent(most=None if keep is None else MOST)
        self.halted: Decision | None = None
        self.closed = False
        self.lock = threading.RLock()
        self._window = None if keep is None else Window(keep)
        self._timeline = self._window or Timeline()
        self._calls = 0

    @property
    def events(self) -> tuple[Event, ...]:
        """The events so far, or those that are kept."""
        with self.lock:
            window = self._window
            return tuple(self._timeline.events if window is None else window.kept.last)

    @property
    def dropped(self) -> int:
        """The number of events that are no longer kept."""
        return 0 if self._window is None else self._window.kept.dropped

    @property
    def size(self) -> int:
        """The number of events so far."""
        window = self._window
        return len(self._timeline.events if window is None else window.kept)

    def append(
        self, kind: Kind, actor: str, text: str, *, ok: bool = True, agent: str = ""
    ) -> None:
        """Append an event that does not belong to a call: a message, or the end."""
        with self.lock:
            if not self.closed:
                event = self._timeline.add(kind, actor, text=sanitize(text), ok=ok, agent=agent)
                self._decide(event, size=len(event.text))

    def call(
        self,
        actor: str,
        tool: str,
        args: Mapping[str, Any] | str,
        call_id: str | None,
        *,
        effects: tuple[Effect, ...] = (),
        bound: bool = True,
        unread: str = "",
        failure: str | None = None,
        size: int = 0,
        agent: str = "",
    ) -> tuple[Event, Decision]:
        """Append a call that is about to run, and decide whether it may run.

        The decision may be to ask; pass it to ``resolve``, ``aresolve`` or ``settle``.

        Args:
            actor: The agent that calls.
            tool: The tool's name.
            args: The arguments, or the string that is not a JSON object.
            call_id: The framework's id for the call, if it has one.
            effects: The effects that the call would have.
            bound: Whether the effects of the call are known as a whole.
            unread: What of the call could not be read; it becomes the text of the event.
            failure: Why the call cannot be judged, such as an error of its binding.
            size: The characters of the arguments.
            agent: The framework's name of the agent, if ``actor`` is a role.

        Raises:
            RuntimeError: If recording has ended.
        """
        with self.lock:
            if self.closed:
                raise RuntimeError("a call came after the end of the trace")
            self._calls += 1
            event = self._timeline.add(
                "tool_call",
                actor,
                text=f"not read: {sanitize(unread)}" if unread else "",
                tool=tool,
                args=args,
                call_id=str(call_id or f"call-{self._calls}"),
                effects=effects,
                bound=bound,
                agent=agent,
            )
            return event, self._decide(event, failure, size)

    def resolve(
        self, event: Event, decision: Decision, loop: asyncio.AbstractEventLoop | None = None
    ) -> Decision:
        """Ask if the decision is to ask, then settle it, from synchronous code.

        Args:
            event: The call.
            decision: The decision on it.
            loop: The loop that an asynchronous ``ask`` runs in while this thread waits; see
                ``Decider.resolve``.
        """
        if decision is ALLOW and self.halted is None:
            return decision  # nearly every call
        if decision.action == "ask" and self.guard is not None and self.halted is None:
            decision = self.guard.resolve(decision, event, loop)
        return self.settle(event, decision)

    async def aresolve(self, event: Event, decision: Decision) -> Decision:
        """Ask if the decision is to ask, then settle it, from asynchronous code."""
        if decision.action == "ask" and self.guard is not None and self.halted is None:
            decision = await self.guard.aresolve(decision, event)
        return self.settle(event, decision)

    def settle(self, event: Event, decision: Decision) -> Decision:
        """Make a halt permanent, record a rejection, and return the decision on the call."""
        if decision.action == "allow" and self.halted is None:
            if decision.answer is not None and self.guard is not None:
                self.guard.notify_sinks(decision, self.number)  # who approved what, and when
            return decision
        with self.lock:
            if self.halted is not None:
                decision = self.halted
            elif decision.action == "halt":
                self.halted = decision
            if decision.action != "allow":
                self._record_rejection(event, decision)
        return decision

    def record_result(
        self, event: Event, text: str, *, effects: tuple[Effect, ...] = (), ok: bool = True
    ) -> None:
        """Append the result of a call.

        Args:
            event: The call.
            text: The answer of the tool.
            effects: The effects that came about.
            ok: Whether the tool succeeded.
        """
        with self.lock:
            if self.closed:
                return
            result = self._timeline.add(
                "tool_result",
                event.actor,
                text=sanitize(text),
                tool=event.tool,
                call_id=event.call_id,
                effects=effects,
                ok=ok,
                bound=event.bound,
                agent=event.agent,
            )
            self._decide(result, size=len(result.text))

    def flush(self) -> None:
        """Wait for the sinks, but not for long."""
        if self.guard is not None and self.guard.sinks:
            self.guard.flush()

    def _record_rejection(self, event: Event, decision: Decision) -> None:
        if self.closed:
            return
        if self.guard is not None:
            self.guard.notify_sinks(decision, self.number)
        record = self._timeline.add(
            "decision",
            "guard",
            text=sanitize(decision.message),
            tool=event.tool,
            call_id=event.call_id,
            ok=False,
            bound=event.bound,
        )
        self._decide(record, size=len(record.text))
        self.record_result(event, decision.message, ok=False)

    def _decide(self, event: Event, failure: str | None = None, size: int = 0) -> Decision:
        """Run the probes on the last event; pass it and the new findings to the sinks."""
        guard, window = self.guard, self._window
        if guard is None:
            return ALLOW
        decision = guard.decide(self._timeline.view(), failure, limited=size > LONG)
        if window is not None and window.weigh(size):
            window.trim(guard.run_limited, guard.probes)
        if decision is not ALLOW:
            self.findings.extend(decision.findings)
        if guard.sinks:
            guard.notify_sinks(event, self.number, size)
            for finding in decision.findings:
                guard.notify_sinks(finding, self.number)
        return decision
