"""A watch records one run of a user's own app for a guard."""

from __future__ import annotations

import functools
import inspect
import json
import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from allegiance.guard.boundary import ToolBoundary
from allegiance.guard.decider import Decider
from allegiance.guard.decision import Decision
from allegiance.trace.effects import Effect
from allegiance.trace.events import Event, Finding
from allegiance.trace.text import sanitize, sanitize_args

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
    """A call with the decision on it; pass it to ``Watch.after`` when the call has run."""

    event: Event
    decision: Decision

    @property
    def allowed(self) -> bool:
        """Whether the call may run."""
        return self.decision.action == "allow"


class Watch:
    """The trace of one run of a user's app under a guard; safe to use from any thread.

    Attributes:
        guard: Decides on the calls.
        boundary: Records the events and the decisions.
        unbound: The number of calls to each tool without a binding.
        bound: The number of calls to each tool with a binding.
        loop: The event loop in which the guard was attached, or None.
    """

    def __init__(self, guard: Decider) -> None:
        import asyncio  # not at the top: a program that attaches no guard need not load it

        self.guard = guard
        self.boundary = ToolBoundary(guard)
        self.unbound: Counter[str] = Counter()
        self.bound: Counter[str] = Counter()
        try:
            self.loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            self.loop = None
        self._announced: dict[str, str] = {}
        self._seen: set[str] = set()

    @property
    def events(self) -> tuple[Event, ...]:
        """The events so far."""
        return self.boundary.events

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
                self._announced[call_id] = tool

    @property
    def missed(self) -> dict[str, str]:
        """The tools of calls that a model requested and the guard never got, by call id."""
        with self.boundary.lock:
            return {i: tool for i, tool in self._announced.items() if i not in self._seen}

    def before(
        self, actor: str, tool: str, args: Mapping[str, Any] | str, call_id: str | None = None
    ) -> Ticket:
        """Record a call and decide whether it may run, from synchronous code."""
        event, decision = self.intend(actor, tool, args, call_id)
        return Ticket(event, self.boundary.resolve(event, decision, self.loop))

    async def abefore(
        self, actor: str, tool: str, args: Mapping[str, Any] | str, call_id: str | None = None
    ) -> Ticket:
        """Record a call and decide whether it may run, from asynchronous code."""
        event, decision = self.intend(actor, tool, args, call_id)
        if decision.action == "ask":
            return Ticket(event, await self.boundary.aresolve(event, decision))
        return self.settle(event, decision)

    def wrap(self, function: Callable[P, T], tool: str = "", actor: str = "app") -> Callable[P, T]:
        """Return a function whose every call the guard allows or rejects, in any thread or context.

        Use it for calls that no framework shows to a guard: a function that a node calls directly,
        or a tool that is run in a thread without a copy of the context.

        Args:
            function: A function; it must not be a coroutine function.
            tool: The tool's name in the trace; the function's name by default.
            actor: The agent that the calls are recorded for.

        Raises:
            CallRejected: When the returned function is called and the call is rejected.
        """
        signature = inspect.signature(function)
        name = tool or getattr(function, "__name__", "function")

        @functools.wraps(function)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
            bound_arguments = signature.bind(*args, **kwargs)
            bound_arguments.apply_defaults()
            ticket = self.before(actor, name, bound_arguments.arguments)
            if not ticket.allowed:
                raise CallRejected(ticket.decision.message)
            try:
                result = function(*args, **kwargs)
            except Exception as error:
                self.after(ticket, f"{type(error).__name__}: {error}", ok=False)
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
        """Record the end of the run, and warn about calls that may have run without a decision."""
        if self.missed:
            tools = ", ".join(sorted(set(self.missed.values())))
            warning = (
                f"a model requested {len(self.missed)} tool calls ({tools}) that never reached the "
                "guard: a thread without a copy of the context, or a runtime that was started "
                "outside, may have run them; use watch.wrap() or attach(app)"
            )
            self.guard.failures.append(warning)
            warnings.warn(warning, GuardBypassed, stacklevel=3)
        elif not self.events and not text:
            warnings.warn(
                "nothing reached the guard while it was attached: it does not guard code in a "
                "context that was created earlier (an asyncio.Runner, a server, a pool of "
                "threads); attach it where a run begins",
                GuardBypassed,
                stacklevel=3,
            )
        self.boundary.append("end", "runner", text)

    def intend(
        self, actor: str, tool: str, args: Mapping[str, Any] | str, call_id: str | None
    ) -> tuple[Event, Decision]:
        """Record a call that is about to run, and return the decision, which may be to ask."""
        args = sanitize_args(args)
        binding, built_in = self.guard.binding_for(tool)
        effects: tuple[Effect, ...] = ()
        failure = None
        if binding is not None:
            try:
                arguments = json.loads(args or "{}") if isinstance(args, str) else args
                if built_in:
                    effects = binding.plan(arguments)
                else:
                    planned: list[Effect] = []
                    self.guard.time_limit(lambda: planned.extend(binding.plan(arguments)))
                    effects = tuple(planned)
            except Exception as error:  # noqa: BLE001 - fail closed, in decide
                failure = f"the binding of {tool!r} failed: {type(error).__name__}: {error}"
        with self.boundary.lock:
            # a wrapped function has no call id: take the first requested call of that tool
            self._seen.add(call_id or next((i for i, n in self.missed.items() if n == tool), ""))
            (self.bound if binding else self.unbound)[tool] += 1
            return self.boundary.call(
                str(actor),
                tool,
                args,
                call_id,
                effects=effects,
                bound=binding is not None,
                failure=failure,
            )

    def settle(self, event: Event, decision: Decision) -> Ticket:
        """Settle the decision on a call: make a halt permanent, record a rejection."""
        return Ticket(event, self.boundary.settle(event, decision))


def _fill_in_read(effect: Effect, text: str) -> Effect:
    if effect.verb != "read" or effect.value is not None:
        return effect
    return effect.model_copy(update={"value": text})
