"""A watch: what a guard sees of one run of a user's own app, where there is no world."""

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
"""The watch that is on in this context; the frameworks' hooks ask it."""


P = ParamSpec("P")
T = TypeVar("T")


class CallRejected(PermissionError):
    """A wrapped function was not run, since the guard rejected the call."""


class GuardBypassed(UserWarning):
    """A tool call may have run without the guard having seen it."""


@dataclass(frozen=True)
class Ticket:
    """A call that was decided on, to be recorded again when it has run."""

    event: Event
    decision: Decision

    @property
    def allowed(self) -> bool:
        """Whether the call may run."""
        return self.decision.action == "allow"


class Watch:
    """The trace of a user's app while a guard is attached; safe to use from any thread.

    Attributes:
        guard: Who decides.
        boundary: Records and decides.
        unbound: How often tools were called that no binding speaks of, by tool.
        bound: The same for tools that one speaks of.
        loop: The event loop in which the guard was attached, if there was one.
    """

    def __init__(self, guard: Decider) -> None:
        import asyncio  # an app has loaded it, a core that attaches to none need not

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
        """What has happened so far."""
        return self.boundary.events

    @property
    def findings(self) -> list[Finding]:
        """What the probes report of this run."""
        return self.boundary.findings

    @property
    def halted(self) -> Decision | None:
        """The decision that stopped the run, once there is one."""
        return self.boundary.halted

    @property
    def coverage(self) -> float:
        """The share of calls that a binding speaks of; nan without calls."""
        bound, all_ = self.bound.total(), self.bound.total() + self.unbound.total()
        return bound / all_ if all_ else float("nan")

    def message(self, actor: str, text: str) -> None:
        """Record what an agent says; an empty text leaves no event."""
        if text.strip():
            self.boundary.append("message", str(actor), text)

    def announce(self, call_id: str | None, tool: str) -> None:
        """Note that a model asked for a call, which must then come past the guard."""
        if call_id:
            with self.boundary.lock:
                self._announced[call_id] = tool

    @property
    def missed(self) -> dict[str, str]:
        """Calls that a model asked for and that never came past the guard: tool by call id."""
        with self.boundary.lock:
            return {i: tool for i, tool in self._announced.items() if i not in self._seen}

    def before(
        self, actor: str, tool: str, args: Mapping[str, Any] | str, call_id: str | None = None
    ) -> Ticket:
        """Record a call that is about to run, and decide on it from synchronous code."""
        event, decision = self.intend(actor, tool, args, call_id)
        return Ticket(event, self.boundary.resolve(event, decision, self.loop))

    async def abefore(
        self, actor: str, tool: str, args: Mapping[str, Any] | str, call_id: str | None = None
    ) -> Ticket:
        """Record a call that is about to run, and decide on it from asynchronous code."""
        event, decision = self.intend(actor, tool, args, call_id)
        if decision.action == "ask":
            return Ticket(event, await self.boundary.aresolve(event, decision))
        return self.settle(event, decision)

    def wrap(self, function: Callable[P, T], tool: str = "", actor: str = "app") -> Callable[P, T]:
        """Return a function whose calls the guard decides on, wherever they are made.

        For what no framework shows a guard: a function that a node calls itself, or a tool that is
        run in a thread without a copy of the context.

        Args:
            function: The function, which is not a coroutine function.
            tool: What its calls are recorded as; the function's name by default.
            actor: Who they are recorded for.

        Raises:
            CallRejected: By the function that is returned, if a call is not to run.
        """
        signature = inspect.signature(function)
        name = tool or getattr(function, "__name__", "function")

        @functools.wraps(function)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
            given = signature.bind(*args, **kwargs)
            given.apply_defaults()
            ticket = self.before(actor, name, given.arguments)
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
        """Record how a call that was let through ended; its effects came about if it is ok.

        What it read, where its binding cannot know, is what it answers.
        """
        event, text = ticket.event, sanitize(text)
        effects = tuple(_fill_in_read(e, text) for e in event.effects) if ok else ()
        self.boundary.record_result(event, text, effects=effects, ok=ok)

    def end(self, text: str = "") -> None:
        """Record that the run is over, and warn of what may have run unseen."""
        if self.missed:
            tools = ", ".join(sorted(set(self.missed.values())))
            warning = (
                f"{len(self.missed)} tool calls ({tools}) were asked for by a model and never came "
                "past the guard: a thread without a copy of the context, or a runtime that was "
                "started outside, may have run them; use watch.wrap() or attach(app)"
            )
            self.guard.failures.append(warning)
            warnings.warn(warning, GuardBypassed, stacklevel=3)
        elif not self.events and not text:
            warnings.warn(
                "nothing came past the guard while it was attached: what runs in a context that "
                "was made before (an asyncio.Runner, a server, a pool of threads) is not seen; "
                "attach where a run begins",
                GuardBypassed,
                stacklevel=3,
            )
        self.boundary.append("end", "runner", text)

    def intend(
        self, actor: str, tool: str, args: Mapping[str, Any] | str, call_id: str | None
    ) -> tuple[Event, Decision]:
        """Record a call that is about to run; the decision may be to ask, and is not settled."""
        args = sanitize_args(args)
        binding, ours = self.guard.binding_for(tool)
        effects: tuple[Effect, ...] = ()
        failure = None
        if binding is not None:
            try:
                given = json.loads(args or "{}") if isinstance(args, str) else args
                if ours:
                    effects = binding.plan(given)
                else:
                    planned: list[Effect] = []
                    self.guard.time_limit(lambda: planned.extend(binding.plan(given)))
                    effects = tuple(planned)
            except Exception as error:  # noqa: BLE001 - fail closed, in decide
                failure = f"the binding of {tool!r} failed: {type(error).__name__}: {error}"
        with self.boundary.lock:
            # a wrapped function knows no id: its call is one that was asked for
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
        """Settle the decision on a call: a halt is latched, a rejection recorded."""
        return Ticket(event, self.boundary.settle(event, decision))


def _fill_in_read(effect: Effect, text: str) -> Effect:
    if effect.verb != "read" or effect.value is not None:
        return effect
    return effect.model_copy(update={"value": text})
