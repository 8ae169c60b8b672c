"""A watch records one run of a user's own app for a guard."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from allegiance.bindings.binding import PartlyRead
from allegiance.guard.announced import Announced
from allegiance.guard.arguments import read_args
from allegiance.guard.boundary import ToolBoundary
from allegiance.guard.decider import LONG, Decider
from allegiance.guard.decision import Decision
from allegiance.guard.planning import plan_effects
from allegiance.guard.recent import MOST, describe_error
from allegiance.guard.unread import beside_control
from allegiance.trace.effects import Effect
from allegiance.trace.events import Event, Finding
from allegiance.trace.text import sanitize

if TYPE_CHECKING:
    import asyncio

CURRENT: ContextVar[Watch | None] = ContextVar("allegiance_watch", default=None)
"""The watch of this context, which the hooks in the frameworks use."""


P = ParamSpec("P")
T = TypeVar("T")


class CallRejected(PermissionError):
    """The guard rejected a call, and the function was not run."""


class GuardBypassed(UserWarning):
    """A tool call may have run without a decision of the guard."""


@dataclass(frozen=True)
class Ticket:
    """A call with the decision on it; pass it to ``Watch.after`` when the call has run.

    Attributes:
        event: The call.
        decision: The decision on it.
        args: A copy of the arguments that were judged, to run the tool with: the framework's own
            object may be changed after the decision.
    """

    event: Event
    decision: Decision
    args: Any = None

    @property
    def allowed(self) -> bool:
        """Whether the call may run."""
        return self.decision.action == "allow"


class Watch:
    """The trace of one run of a user's app under a guard; safe to use from any thread.

    It keeps the last events and findings (``Guard.keep_events``); sinks get all of them.

    Attributes:
        guard: Decides on the calls.
        boundary: Records the events and the decisions.
        unbound: The number of calls to each tool without a binding; after 1,000 tools, the others
            are counted as ``other tools``.
        bound: The number of calls to each tool with a binding.
        loop: The event loop in which the guard was attached, or None.
    """

    def __init__(self, guard: Decider) -> None:
        import asyncio  # not at the top: a program that attaches no guard need not load it

        self.guard = guard
        self.boundary = ToolBoundary(guard, guard.keep_events)
        self.unbound: Counter[str] = Counter()
        self.bound: Counter[str] = Counter()
        try:
            self.loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            self.loop = None
        self._announced = Announced()

    @property
    def events(self) -> tuple[Event, ...]:
        """The events so far, or those that are kept; an event's ``seq`` is its index in the run."""
        return self.boundary.events

    @property
    def dropped_events(self) -> int:
        """The number of events that are no longer kept."""
        return self.boundary.dropped

    @property
    def findings(self) -> list[Finding]:
        """The findings of the probes in this run."""
        return self.boundary.findings

    @property
    def halted(self) -> Decision | None:
        """The decision that stopped the run, or None."""
        return self.boundary.halted

    @property
    def coverage(self) -> float:
        """The share of calls whose tool has a binding; nan without calls."""
        bound, all_ = self.bound.total(), self.bound.total() + self.unbound.total()
        return bound / all_ if all_ else float("nan")

    def message(self, actor: str, text: str) -> None:
        """Record what an agent says; an empty string is not recorded."""
        if text.strip():
            self.boundary.append("message", str(actor), text)

    def announce(self, call_id: str | None, tool: str) -> None:
        """Note that a model requested a call, so that a missing decision on it is noticed."""
        if call_id:
            with self.boundary.lock:
                self._announced.announce(call_id, tool)

    @property
    def missed(self) -> dict[str, str]:
        """The tools of calls that a model requested and the guard never got, by call id."""
        with self.boundary.lock:
            return self._announced.missing

    def before(
        self, actor: str, tool: str, args: Mapping[str, Any] | str, call_id: str | None = None
    ) -> Ticket:
        """Record a call and decide whether it may run, from synchronous code."""
        return self.resolve(self.intend(actor, tool, args, call_id))

    async def abefore(
        self, actor: str, tool: str, args: Mapping[str, Any] | str, call_id: str | None = None
    ) -> Ticket:
        """Record a call and decide whether it may run, from asynchronous code."""
        ticket = self.intend(actor, tool, args, call_id)
        if ticket.decision.action == "ask":
            decision = await self.boundary.aresolve(ticket.event, ticket.decision)
            return ticket if decision is ticket.decision else replace(ticket, decision=decision)
        return self.settle(ticket, ticket.decision)

    def wrap(self, function: Callable[P, T], tool: str = "", actor: str = "app") -> Callable[P, T]:
        """Return a function whose every call the guard allows or rejects, in any thread or context.

        Use it for calls that no framework shows to a guard: a function that a node calls directly,
        or a tool that is run in a thread without a copy of the context. The function runs with a
        copy of the arguments that were judged. They must be JSON data: bind other objects, such as
        a connection, with ``functools.partial`` before.

        Args:
            function: A function; it must not be a coroutine function.
            tool: The tool's name in the trace; the function's name by default.
            actor: The agent that the calls are recorded for.

        Raises:
            CallRejected: When the returned function is called and the call is rejected.
        """
        signature = inspect.signature(function)
        name = tool or getattr(function, "__name__", "function")
        defaults = {
            parameter.name: parameter.default
            for parameter in signature.parameters.values()
            # a default that is not JSON data does not come from a model
            if parameter.default is not parameter.empty
            and read_args({"default": parameter.default}).problem is None
        }

        @functools.wraps(function)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
            call = signature.bind(*args, **kwargs)
            ticket = self.before(actor, name, {**defaults, **call.arguments})
            if not ticket.allowed:
                raise CallRejected(ticket.decision.message)
            call.arguments = {k: v for k, v in ticket.args.items() if k in call.arguments}
            try:
                result = function(*call.args, **call.kwargs)
            except Exception as error:
                self.after(ticket, describe_error(error), ok=False)
                raise
            self.after(ticket, str(result))
            return result

        return guarded

    def after(self, ticket: Ticket, text: str, *, ok: bool = True) -> None:
        """Record how an allowed call ended; its effects came about if ``ok`` is true.

        If the binding leaves the content of a read unknown, the tool's answer is recorded as that
        content.
        """
        event, text = ticket.event, sanitize(text)
        effects = tuple(_fill_in_read(e, text) for e in event.effects) if ok else ()
        self.boundary.record_result(event, text, effects=effects, ok=ok)

    def end(self, text: str = "") -> None:
        """Record the end of the run, and warn about calls that may have run without a decision.

        It waits until the sinks have every record, but not for long.
        """
        self.record_end(text)
        self.guard.flush()

    def record_end(self, text: str = "") -> None:
        """Do what ``end`` does, without waiting for the sinks."""
        missed = self.missed
        if missed:
            tools = ", ".join(sorted(set(missed.values())))
            count = len(missed) + self._announced.forgotten
            warning = (
                f"a model requested {count} tool calls ({tools}) that never reached the guard: "
                "a thread without a copy of the context, or a runtime that was started outside, "
                "may have run them; use watch.wrap() or attach(app)"
            )
            self.guard.note_failure(warning)
            warnings.warn(warning, GuardBypassed, stacklevel=4)
        elif not self.events and not text:
            warnings.warn(
                "nothing reached the guard while it was attached: it does not guard code in a "
                "context that was created earlier (an asyncio.Runner, a server, a pool of "
                "threads); attach it where a run begins",
                GuardBypassed,
                stacklevel=4,
            )
        self.boundary.append("end", "runner", text)

    def intend(
        self, actor: str, tool: str, args: Mapping[str, Any] | str, call_id: str | None
    ) -> Ticket:
        """Record a call that is about to run, and return the decision, which may be to ask."""
        arguments = read_args(args, self.guard.longest_args)
        judged, passed, size, failure = arguments
        if not tool.isascii() and sanitize(tool) != tool:
            tool, failure = sanitize(tool), "the tool's name holds a lone surrogate"
        binding, built_in = self.guard.binding_for(tool)
        effects: tuple[Effect, ...] = ()
        if binding is not None and failure is None:
            try:
                if built_in and size <= LONG and type(judged) is dict:
                    effects = binding.plan(judged)  # see plan_effects
                else:
                    effects = plan_effects(self.guard, binding, built_in, arguments)
            except Exception as error:  # noqa: BLE001 - fail closed, in decide
                failure = f"the binding of {tool!r} failed: {describe_error(error)}"
        unread = (
            effects.unread
            if isinstance(effects, PartlyRead)
            else beside_control(effects, self.guard.probes)
        )
        known = binding is not None and not unread
        with self.boundary.lock:
            self._announced.arrive(call_id, tool)
            counter = self.bound if known else self.unbound
            # an app has a limited number of tools, but a model can make up any number of names
            counter[tool if tool in counter or len(counter) < MOST else "other tools"] += 1
            event, decision = self.boundary.call(
                actor if type(actor) is str and actor.isascii() else sanitize(str(actor)),
                tool,
                judged,
                call_id,
                effects=effects,
                bound=known,
                unread=unread,
                failure=failure,
                size=size,
            )
        return Ticket(event, decision, passed)

    def resolve(self, ticket: Ticket) -> Ticket:
        """Ask if the decision is to ask, and settle it, from synchronous code."""
        decision = self.boundary.resolve(ticket.event, ticket.decision, self.loop)
        return ticket if decision is ticket.decision else replace(ticket, decision=decision)

    def settle(self, ticket: Ticket, decision: Decision) -> Ticket:
        """Settle the decision on a call: make a halt permanent, record a rejection."""
        decision = self.boundary.settle(ticket.event, decision)
        return ticket if decision is ticket.decision else replace(ticket, decision=decision)


def _fill_in_read(effect: Effect, text: str) -> Effect:
    if effect.verb != "read" or effect.value is not None:
        return effect
    return effect.model_copy(update={"value": text})
