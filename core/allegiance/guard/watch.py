"""A watch records one run of a user's own app for a guard."""

from __future__ import annotations

import copy
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from allegiance.bindings.binding import PartlyRead
from allegiance.guard.arguments import read_args
from allegiance.guard.boundary import ToolBoundary
from allegiance.guard.decider import LONG, Decider
from allegiance.guard.decision import Decision
from allegiance.guard.planning import plan_effects
from allegiance.guard.recent import MOST, describe_error
from allegiance.guard.refusals import Refusals
from allegiance.guard.requests import Requests
from allegiance.guard.resolving import aresolve, resolve, settle
from allegiance.guard.scope import CURRENT
from allegiance.guard.ticket import CallRejected, GuardBypassed, Place, Ticket
from allegiance.guard.unread import beside_control
from allegiance.guard.wrapping import wrap_function
from allegiance.trace.effects import Effect
from allegiance.trace.events import Event, Finding
from allegiance.trace.text import sanitize

if TYPE_CHECKING:
    import asyncio

__all__ = ["CURRENT", "CallRejected", "GuardBypassed", "Place", "Ticket", "Watch"]

P = ParamSpec("P")
T = TypeVar("T")


class Watch(Requests):
    """The trace of one run of a user's app under a guard; safe to use from any thread.

    It keeps the last events and findings (``Guard.keep_events``); sinks get all of them.

    Attributes:
        guard: Decides on the calls.
        boundary: Records the events and the decisions.
        unbound: The number of calls to each tool without a binding; after 1,000 tools, the others
            are counted as ``other tools``.
        bound: The number of calls to each tool with a binding.
        loop: The event loop in which the guard was attached, or None.
        outer: The watch around this one, which decides on every call too; the strictest wins.
        refusals: The calls that were rejected, and the questions to a person.
        hooks: What the hooks in the frameworks keep for this watch.
    """

    def __init__(self, guard: Decider, outer: Watch | None = None) -> None:
        import asyncio  # not at the top: a program that attaches no guard need not load it

        super().__init__()
        self.guard = guard
        self.outer: Watch | None = outer
        self.refusals = Refusals(guard)
        self.boundary = ToolBoundary(guard, guard.keep_events)
        self.hooks: dict[str, Any] = {}
        self._reached = False
        self.unbound: Counter[str] = Counter()
        self.bound: Counter[str] = Counter()
        try:
            self.loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            self.loop = None

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

    @property
    def may_ask(self) -> bool:
        """Whether a guard may ask a person by a framework's own interrupt."""
        asks = self.guard.may_ask and self.guard.ask is None
        return asks or (self.outer is not None and self.outer.may_ask)

    def within(self, outer: Watch | None) -> Watch:
        """Return this watch as it is inside another, which decides on its calls too."""
        if outer is None:
            return self
        inner = copy.copy(self)  # the trace is the same
        inner.outer, inner.hooks = outer, {}
        return inner

    def message(self, actor: str, text: str) -> None:
        """Record what an agent says; an empty string is not recorded."""
        if text.strip():
            self.boundary.append("message", str(actor), text)
        if self.outer is not None:
            self.outer.message(actor, text)

    def begin_turn(self) -> None:
        """Note that a model answered: what it requests now is no retry of a call before it."""
        self._reached = True
        self.refusals.begin_turn()
        if self.outer is not None:
            self.outer.begin_turn()

    def before(
        self, actor: str, tool: str, args: Mapping[str, Any] | str, call_id: str | None = None
    ) -> Ticket:
        """Record a call and decide whether it may run, from synchronous code."""
        ticket = self.intend(actor, tool, args, call_id)
        assert ticket is not None
        return resolve(ticket)

    async def abefore(
        self, actor: str, tool: str, args: Mapping[str, Any] | str, call_id: str | None = None
    ) -> Ticket:
        """Record a call and decide whether it may run, from asynchronous code."""
        ticket = self.intend(actor, tool, args, call_id)
        assert ticket is not None
        return await aresolve(ticket)

    def wrap(self, function: Callable[P, T], tool: str = "", actor: str = "app") -> Callable[P, T]:
        """Return a function whose every call the guard allows or rejects, in any thread or context.

        Use it for calls that no framework shows to a guard: a function that a node calls directly,
        or a tool that is run in a thread without a copy of the context. The function runs with a
        copy of the arguments that were judged. They must be JSON data: bind other objects, such as
        a connection, with ``functools.partial`` before.

        Args:
            function: A function, an asynchronous function, a generator of either kind, or a method;
                it stays of its kind. A generator is decided on when it is read.
            tool: The tool's name in the trace; the function's name by default.
            actor: The agent that the calls are recorded for.

        Raises:
            CallRejected: When the returned function is called and the call is rejected.
        """
        wrapped: Callable[P, T] = wrap_function(self, function, tool, actor)
        return wrapped

    def after(self, ticket: Ticket, text: str, *, ok: bool = True) -> None:
        """Record how an allowed call ended; its effects came about if ``ok`` is true.

        If the binding leaves the content of a read unknown, the tool's answer is recorded as that
        content.
        """
        event, text = ticket.event, sanitize(text)
        effects = tuple(_fill_in_read(e, text) for e in event.effects) if ok else ()
        (ticket.watch or self).boundary.record_result(event, text, effects=effects, ok=ok)
        if ticket.outer is not None:
            self.after(ticket.outer, text, ok=ok)

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
                f"a model requested {count} tool calls ({tools}) that ran and never reached the "
                "guard: a thread without a copy of the context, or a runtime that was started "
                "outside, ran them; use watch.wrap() or attach(app)"
            )
            self.guard.note_failure(warning)
            warnings.warn(warning, GuardBypassed, stacklevel=4)
        elif not (self.events or text or self._reached or self.elsewhere):
            warnings.warn(
                "nothing reached the guard while it was attached: it does not guard code in a "
                "context that was created earlier (an asyncio.Runner, a server, a pool of "
                "threads); attach it where a run begins. What began inside and goes on, such as a "
                "streamed answer, is still guarded",
                GuardBypassed,
                stacklevel=4,
            )
        self.boundary.append("end", "runner", text)

    def intend(
        self,
        actor: str,
        tool: str,
        args: Mapping[str, Any] | str,
        call_id: str | None,
        *,
        place: Place | None = None,
        skip: Iterable[object] = (),
    ) -> Ticket | None:
        """Record a call that is about to run, and return the decisions, which may be to ask.

        Args:
            actor: The agent that calls.
            tool: The tool.
            args: The arguments.
            call_id: The framework's id of the call.
            place: Where in a conversation the call is made.
            skip: The watches that decide on this call elsewhere; None is returned if all do.
        """
        outer = None
        if self.outer is not None:
            outer = self.outer.intend(actor, tool, args, call_id, place=place, skip=skip)
        if self in skip:
            return outer
        arguments = read_args(args, self.guard.longest_args)
        judged, passed, size, failure = arguments
        if self.refusals:
            before = self.boundary.size
            retried = self.refusals.retried(str(actor), tool, call_id, judged, before)
            if retried is not None:
                return replace(retried, outer=outer and retried.outer, settled=True)
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
            self._announced.arrive(call_id, tool, actor)
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
        return Ticket(event, decision, passed, self, outer, place=place, has_id=bool(call_id))

    def note_rejection(self, ticket: Ticket) -> None:
        """Remember a rejected call, to know a framework's retry of it."""
        self.refusals.note_rejection(ticket, self.boundary.size)

    def resolve(self, ticket: Ticket) -> Ticket:
        """Ask if the decision is to ask, and settle it, from synchronous code."""
        return resolve(ticket)

    def settle(self, ticket: Ticket, decision: Decision) -> Ticket:
        """Settle the decision on a call: make a halt permanent, record a rejection."""
        return settle(ticket, decision)


def _fill_in_read(effect: Effect, text: str) -> Effect:
    if effect.verb != "read" or effect.value is not None:
        return effect
    return effect.model_copy(update={"value": text})
