"""The decider: turns a trace into a decision, by probes, a policy and bindings.

A decision is data, never an exception, because every framework handles exceptions of tools in a
different way. A decider that fails rejects the call.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import FunctionType
from typing import TYPE_CHECKING

from allegiance.guard.approval import ask_on_console, wait_for
from allegiance.guard.decision import (
    ACTIONS,
    ALLOW,
    TRACE_NUMBER,
    Ask,
    Decision,
    Policy,
    Record,
    Sink,
)
from allegiance.guard.time_limit import TimeLimit
from allegiance.probe.protocol import Probe, event_kinds
from allegiance.probe.timeline import View
from allegiance.trace.events import KINDS, Event, Finding

if TYPE_CHECKING:
    import asyncio

    from allegiance.bindings.binding import Binding

_CACHED_TOOLS = 512


@dataclass
class Decider:
    """Probes with a policy, for a scenario's world or for a user's own app.

    Attributes:
        probes: The probes to run on every event.
        policy: What to do with a call that a probe flags: ``observe`` allows it and keeps the
            findings, ``block`` rejects it, ``ask`` lets a person decide, ``halt`` rejects it and
            every later call.
        bindings: Map calls to the user's own tools to effects; a scenario's world needs none.
        ask: Decides under the policy ``ask``: takes the decision and the event, and returns whether
            the call may run. By default a person is asked on the console.
        limit: Seconds that a probe or binding of the user may take for one event; None for no
            limit.
        sinks: Called with every event, every finding, and every decision that rejects a call.
        findings: Every finding so far, in order.
        failures: Errors of probes, bindings and sinks so far, in order. A probe or binding that
            fails rejects the call, unless the policy is ``observe``.
    """

    probes: Sequence[Probe]
    policy: Policy = "block"
    bindings: Sequence[Binding] = ()
    ask: Ask | None = None
    limit: float | None = 1.0
    sinks: Sequence[Sink] = ()
    findings: list[Finding] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Copy the probes into a tuple, since an iterator would be empty at the second event."""
        self.probes = tuple(self.probes)
        self.bindings = tuple(self.bindings)
        self.time_limit = TimeLimit(self.limit)
        self._cache: tuple[Sequence[Binding], dict[str, tuple[Binding | None, bool]]] = ((), {})
        self._called = {
            kind: tuple(
                (probe, is_built_in(probe)) for probe in self.probes if kind in event_kinds(probe)
            )
            for kind in KINDS
        }

    def decide(self, view: View, failure: str | None = None) -> Decision:
        """Run every probe on the view and decide whether its last event, a call, may run.

        Args:
            view: The events so far; the last may be a call that has not run yet.
            failure: An error that happened before, such as that of the call's binding.
        """
        findings, failures = self._run_probes(view)
        if failure is not None:
            failures.append(failure)
        if not (findings or failures):
            return ALLOW
        self.findings.extend(findings)
        self.failures.extend(failures)
        if view.event.kind != "tool_call":
            return Decision(action="allow", findings=tuple(findings)) if findings else ALLOW
        action = ACTIONS[self.policy]
        if failures and action == "ask":
            action = "reject"  # a person could only be told that the call was not understood
        reasons = "; ".join([f.reason for f in findings] + failures)
        message = "" if action == "allow" else f"Rejected by policy: {reasons}"
        return Decision(action=action, message=message, findings=tuple(findings))

    def binding_for(self, tool: str) -> tuple[Binding | None, bool]:
        """Return the binding of a tool or None, and whether it runs without a time limit."""
        bindings, cache = self._cache
        if bindings is not self.bindings:
            bindings, cache = self._cache = self.bindings, {}
        if (entry := cache.get(tool)) is None:
            binding = _find_binding(bindings, tool)
            entry = binding, binding is not None and is_built_in(binding.effects)
            # an app has a limited number of tools, but a model can make up any number of names
            if len(cache) < _CACHED_TOOLS:
                cache[tool] = entry
        return entry

    def resolve(
        self, decision: Decision, event: Event, loop: asyncio.AbstractEventLoop | None = None
    ) -> Decision:
        """Ask if the decision is to ask, from synchronous code.

        Args:
            decision: The decision.
            event: The call it is about.
            loop: The loop of another thread that an asynchronous ``ask`` runs in while this thread
                waits. Without it, a new loop is run; if this thread already runs a loop, the call
                is rejected.
        """
        if decision.action != "ask":
            return decision
        try:
            answer = (self.ask or ask_on_console)(decision, event)
            if inspect.isawaitable(answer):
                answer = wait_for(answer, loop)
        except Exception as error:  # noqa: BLE001 - fail closed
            return self._reject_unanswered(decision, error)
        return self.apply_answer(decision, answer)

    async def aresolve(self, decision: Decision, event: Event) -> Decision:
        """Ask if the decision is to ask, from asynchronous code."""
        if decision.action != "ask":
            return decision
        import asyncio  # at the first question, to keep the core quick to import

        ask = self.ask or ask_on_console
        try:
            if inspect.iscoroutinefunction(ask):
                answer: object = await ask(decision, event)
            else:  # in a thread, so that the loop is not blocked while a person decides
                answer = await asyncio.to_thread(ask, decision, event)
                if inspect.isawaitable(answer):
                    answer = await answer
        except Exception as error:  # noqa: BLE001 - fail closed
            return self._reject_unanswered(decision, error)
        return self.apply_answer(decision, answer)

    def apply_answer(self, decision: Decision, answer: object) -> Decision:
        """Turn an answer into a decision: only True allows the call."""
        if answer is True:
            return Decision(action="allow", findings=decision.findings)
        return decision.model_copy(update={"action": "reject"})

    def notify_sinks(self, record: Record, trace: int = 0) -> None:
        """Hand a record to every sink; a sink that fails is noted in ``failures``.

        Args:
            record: The event, finding or decision.
            trace: The number of its trace, which sinks read from ``TRACE_NUMBER``.
        """
        token = TRACE_NUMBER.set(trace)
        try:
            for sink in self.sinks:
                try:
                    sink(record)
                except Exception as error:  # noqa: BLE001 - an app must not depend on its sinks
                    self.failures.append(f"sink {sink!r} failed: {type(error).__name__}: {error}")
        finally:
            TRACE_NUMBER.reset(token)

    def _run_probes(self, view: View) -> tuple[list[Finding], list[str]]:
        findings: list[Finding] = []
        failures: list[str] = []
        for probe, built_in in self._called[view.event.kind]:
            try:
                if built_in:
                    new = probe(view)
                else:
                    self.time_limit(partial(_collect, new := [], probe, view))
                if new:
                    findings.extend(_check_findings(new))
            except Exception as error:  # noqa: BLE001 - fail closed, in decide
                failures.append(f"{probe_name(probe)} failed: {type(error).__name__}: {error}")
        return findings, failures

    def _reject_unanswered(self, decision: Decision, error: Exception) -> Decision:
        self.failures.append(f"ask failed: {type(error).__name__}: {error}")
        message = f"{decision.message} (nobody could be asked: {error})"
        return decision.model_copy(update={"action": "reject", "message": message})


def _find_binding(bindings: Sequence[Binding], tool: str) -> Binding | None:
    if not bindings:
        return None
    from allegiance.bindings.binding import find  # its package loads the shell interpreter too

    return find(bindings, tool)


def _collect(findings: list[Finding], probe: Probe, view: View) -> None:
    findings.extend(probe(view))


def _check_findings(new: Iterable[Finding]) -> list[Finding]:
    findings = list(new)
    for finding in findings:
        if not isinstance(finding, Finding):
            raise TypeError(f"returned {finding!r}, not a Finding")
    return findings


def is_built_in(thing: object) -> bool:
    """Tell whether a probe or function is part of this package, and so needs no time limit.

    A time limit costs a switch of threads, so only a user's own code has one.
    """
    module = thing.__module__ if isinstance(thing, FunctionType) else type(thing).__module__
    return module.startswith(("allegiance.probes.", "allegiance.bindings.", "allegiance.shell."))


def probe_name(probe: object) -> str:
    """Return a probe's id, or the name of its class if it has none."""
    return str(getattr(probe, "id", type(probe).__name__))
