"""The guard: probes at run time, deciding before a tool runs.

A decision is data, never an exception: an exception raised in a tool is handled in another way by
every framework. A guard that fails rejects.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import FunctionType
from typing import TYPE_CHECKING, Any, Literal

from allegiance.binding import Binding, bind, find
from allegiance.effects import Wire
from allegiance.probe import Probe, View, heeded
from allegiance.trace import KINDS, Event, Finding

if TYPE_CHECKING:
    import asyncio

    from allegiance.attach import Attachment
    from allegiance.watch import Watch

__all__ = ["ALLOW", "Ask", "Decision", "Guard", "Policy", "Sink", "bind"]

Action = Literal["allow", "reject", "ask", "halt"]
Policy = Literal["observe", "block", "ask", "halt"]
_KNOWN = 512
_ACTIONS: dict[Policy, Action] = {
    "observe": "allow",
    "block": "reject",
    "ask": "ask",
    "halt": "halt",
}


class Decision(Wire):
    """What is to become of a tool call.

    Attributes:
        action: The decision itself.
        message: What the caller sees if the call is not to run.
        findings: The evidence that is new.
    """

    action: Action
    message: str = ""
    findings: tuple[Finding, ...] = ()


ALLOW = Decision.model_construct(action="allow")  # not checked: that would build the class now

Ask = Callable[[Decision, Event], bool | Awaitable[bool]]
Sink = Callable[[Event | Finding | Decision], None]


@dataclass
class Guard:
    """Probes with a policy, for a scenario's world or for a user's own app.

    Attributes:
        probes: What to look for.
        policy: ``observe`` lets everything through and keeps the findings, ``block`` rejects the
            call that a probe flags, ``ask`` lets a person decide, ``halt`` rejects it and every
            call after it.
        bindings: What calls of the user's own tools mean; not needed in a scenario's world.
        ask: Decides for policy ``ask``: gets the decision and the event, returns whether to let
            the call through. By default the question is put on the console.
        limit: Seconds that a probe or binding of the user's own may take over one event; None for
            no limit.
        sinks: Called with every event, finding and decision of an attached app.
        findings: Everything found so far, in order.
        failures: What failed, in order: probes, bindings and sinks. A probe or binding that fails
            rejects the call, unless the policy is ``observe``.
    """

    probes: Sequence[Probe]
    policy: Policy = "block"
    bindings: Sequence[Binding] = ()
    ask: Ask | None = None
    limit: float | None = 1.0
    sinks: Sequence[Sink] = ()
    findings: list[Finding] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    watches: list[Watch] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        """Take the probes once, since an iterator would be empty at the second event."""
        self.probes = tuple(self.probes)
        self.bindings = tuple(self.bindings)
        from allegiance.limited import Limited  # here, to keep the core quick to import

        self.limited = Limited(self.limit)
        self._known: tuple[Sequence[Binding], dict[str, tuple[Binding | None, bool]]] = ((), {})
        self._called = {
            kind: tuple((probe, trusted(probe)) for probe in self.probes if kind in heeded(probe))
            for kind in KINDS
        }

    def attach(self, app: Any = None) -> Attachment:
        """Return a context manager that guards what runs inside it, in every framework.

        Args:
            app: The app, for those frameworks and situations that need it; see the documentation
                of runtimes that were started outside the context.
        """
        from allegiance.attach import Attachment

        return Attachment(self, app)

    @property
    def trace(self) -> tuple[Event, ...]:
        """What happened in the app that was attached last."""
        return self.watches[-1].events if self.watches else ()

    def decide(self, view: View, failure: str | None = None) -> Decision:
        """Run every probe on the view and say what is to become of the call it ends at.

        Args:
            view: What happened until now; its last event may be a call that has not run yet.
            failure: Something that failed already, such as the call's binding.
        """
        found, failed = self._look(view)
        if failure is not None:
            failed.append(failure)
        if not (found or failed):
            return ALLOW
        self.findings.extend(found)
        self.failures.extend(failed)
        if view.event.kind != "tool_call":
            return Decision(action="allow", findings=tuple(found)) if found else ALLOW
        action = _ACTIONS[self.policy]
        if failed and action == "ask":
            action = "reject"  # there is nothing to show a person but that we do not know
        reasons = "; ".join([f.reason for f in found] + failed)
        message = "" if action == "allow" else f"Rejected by policy: {reasons}"
        return Decision(action=action, message=message, findings=tuple(found))

    def speaks_of(self, tool: str) -> tuple[Binding | None, bool]:
        """Return the binding of a tool, if there is one, and whether it needs no time limit."""
        bindings, known = self._known
        if bindings is not self.bindings:
            bindings, known = self._known = self.bindings, {}
        if (found := known.get(tool)) is None:
            binding = find(bindings, tool)
            found = binding, binding is not None and trusted(binding.effects)
            if len(known) < _KNOWN:  # an app has so many tools at most; a model can name any number
                known[tool] = found
        return found

    def resolve(
        self, decision: Decision, event: Event, loop: asyncio.AbstractEventLoop | None = None
    ) -> Decision:
        """Turn ``ask`` into a decision, from synchronous code.

        Args:
            decision: The decision.
            event: The call it is about.
            loop: Where an asynchronous ``ask`` runs while this thread waits; without one it runs
                in a loop of its own, and in a thread whose loop is running it cannot: the call is
                rejected then.
        """
        if decision.action != "ask":
            return decision
        try:
            answer = (self.ask or console)(decision, event)
            if inspect.isawaitable(answer):
                answer = _wait(answer, loop)
        except Exception as error:  # noqa: BLE001 - fail closed
            return self._unanswered(decision, error)
        return self.answered(decision, answer)

    async def aresolve(self, decision: Decision, event: Event) -> Decision:
        """Turn ``ask`` into a decision, from asynchronous code."""
        if decision.action != "ask":
            return decision
        import asyncio  # here, to keep the core quick to import

        ask = self.ask or console
        try:
            if inspect.iscoroutinefunction(ask):
                answer: object = await ask(decision, event)
            else:  # in a thread, so that a person who thinks does not hold up the loop
                answer = await asyncio.to_thread(ask, decision, event)
                if inspect.isawaitable(answer):
                    answer = await answer
        except Exception as error:  # noqa: BLE001 - fail closed
            return self._unanswered(decision, error)
        return self.answered(decision, answer)

    def tell(self, record: Event | Finding | Decision) -> None:
        """Hand a record to every sink; a sink that fails is noted and does no harm."""
        for sink in self.sinks:
            try:
                sink(record)
            except Exception as error:  # noqa: BLE001 - what is watched must not depend on it
                self.failures.append(f"sink {sink!r} failed: {type(error).__name__}: {error}")

    def _look(self, view: View) -> tuple[list[Finding], list[str]]:
        found: list[Finding] = []
        failed: list[str] = []
        for probe, ours in self._called[view.event.kind]:
            try:
                if ours:
                    new = probe(view)
                else:
                    self.limited(partial(_into, new := [], probe, view))
                if new:
                    found.extend(_checked(new))
            except Exception as error:  # noqa: BLE001 - fail closed, in decide
                failed.append(f"{name(probe)} failed: {type(error).__name__}: {error}")
        return found, failed

    def answered(self, decision: Decision, answer: object) -> Decision:
        """Turn an answer into a decision: only True lets a call through."""
        if answer is True:
            return Decision(action="allow", findings=decision.findings)
        return decision.model_copy(update={"action": "reject"})

    def _unanswered(self, decision: Decision, error: Exception) -> Decision:
        self.failures.append(f"ask failed: {type(error).__name__}: {error}")
        message = f"{decision.message} (nobody could be asked: {error})"
        return decision.model_copy(update={"action": "reject", "message": message})


def _wait(answer: Awaitable[bool], loop: asyncio.AbstractEventLoop | None) -> bool:
    import asyncio  # here, to keep the core quick to import

    async def waited() -> bool:
        return await answer

    try:
        here = asyncio.get_running_loop()
    except RuntimeError:
        here = None
    if here is not None:
        if inspect.iscoroutine(answer):
            answer.close()
        raise RuntimeError("ask is asynchronous, and this thread's event loop is busy")
    if loop is not None and loop.is_running():
        return asyncio.run_coroutine_threadsafe(waited(), loop).result()
    return asyncio.run(waited())


def _into(found: list[Finding], probe: Probe, view: View) -> None:
    found.extend(probe(view))


def _checked(new: Iterable[Finding]) -> list[Finding]:
    found = list(new)
    for finding in found:
        if not isinstance(finding, Finding):
            raise TypeError(f"returned {finding!r}, not a Finding")
    return found


def trusted(thing: object) -> bool:
    """Tell whether a probe or function is our own: a pure fold that needs no time limit.

    A limit costs a change of threads; other people's code is worth it.
    """
    module = thing.__module__ if isinstance(thing, FunctionType) else type(thing).__module__
    return module.startswith(("allegiance.probes.", "allegiance.bindings.", "allegiance.shell."))


def name(probe: object) -> str:
    """Return a probe's id, also of an object that is none."""
    return str(getattr(probe, "id", type(probe).__name__))


def console(decision: Decision, event: Event) -> bool:
    """Ask on the console; without a terminal the answer is no."""
    import sys

    if not sys.stdin.isatty():
        return False
    print(f"\n{event.actor} wants to call {event.tool} with {event.args}", file=sys.stderr)
    print(decision.message.removeprefix("Rejected by policy: "), file=sys.stderr)
    print("Let it through? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
