"""The decider: probes, a policy and bindings turn what has happened into a decision.

A decision is data, never an exception: an exception raised in a tool is handled in another way by
every framework. A decider that fails rejects.
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
        probes: What to look for.
        policy: ``observe`` lets everything through and keeps the findings, ``block`` rejects the
            call that a probe flags, ``ask`` lets a person decide, ``halt`` rejects it and every
            call after it.
        bindings: What calls of the user's own tools mean; not needed in a scenario's world.
        ask: Decides for policy ``ask``: gets the decision and the event, returns whether to let
            the call through. By default the question is put on the console.
        limit: Seconds that a probe or binding of the user's own may take over one event; None for
            no limit.
        sinks: Called with every event, finding and decision that rejects a call.
        findings: Every finding so far, in order.
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

    def __post_init__(self) -> None:
        """Take the probes once, since an iterator would be empty at the second event."""
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
        """Run every probe on the view and decide whether the call that it ends at may run.

        Args:
            view: What happened until now; its last event may be a call that has not run yet.
            failure: Something that failed already, such as the call's binding.
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
            action = "reject"  # there is nothing to show a person but that we do not know
        reasons = "; ".join([f.reason for f in findings] + failures)
        message = "" if action == "allow" else f"Rejected by policy: {reasons}"
        return Decision(action=action, message=message, findings=tuple(findings))

    def binding_for(self, tool: str) -> tuple[Binding | None, bool]:
        """Return the binding of a tool, if there is one, and whether it needs no time limit."""
        bindings, cache = self._cache
        if bindings is not self.bindings:
            bindings, cache = self._cache = self.bindings, {}
        if (entry := cache.get(tool)) is None:
            binding = _find_binding(bindings, tool)
            entry = binding, binding is not None and is_built_in(binding.effects)
            # an app has so many tools at most; a model can name any number
            if len(cache) < _CACHED_TOOLS:
                cache[tool] = entry
        return entry

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
            answer = (self.ask or ask_on_console)(decision, event)
            if inspect.isawaitable(answer):
                answer = wait_for(answer, loop)
        except Exception as error:  # noqa: BLE001 - fail closed
            return self._reject_unanswered(decision, error)
        return self.apply_answer(decision, answer)

    async def aresolve(self, decision: Decision, event: Event) -> Decision:
        """Turn ``ask`` into a decision, from asynchronous code."""
        if decision.action != "ask":
            return decision
        import asyncio  # at the first question, to keep the core quick to import

        ask = self.ask or ask_on_console
        try:
            if inspect.iscoroutinefunction(ask):
                answer: object = await ask(decision, event)
            else:  # in a thread, so that a person who thinks does not hold up the loop
                answer = await asyncio.to_thread(ask, decision, event)
                if inspect.isawaitable(answer):
                    answer = await answer
        except Exception as error:  # noqa: BLE001 - fail closed
            return self._reject_unanswered(decision, error)
        return self.apply_answer(decision, answer)

    def apply_answer(self, decision: Decision, answer: object) -> Decision:
        """Turn an answer into a decision: only True lets a call through."""
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
    """Tell whether a probe or function is our own: a pure fold that needs no time limit.

    A limit costs a change of threads; other people's code is worth it.
    """
    module = thing.__module__ if isinstance(thing, FunctionType) else type(thing).__module__
    return module.startswith(("allegiance.probes.", "allegiance.bindings.", "allegiance.shell."))


def probe_name(probe: object) -> str:
    """Return a probe's id, or its class for an object that has none."""
    return str(getattr(probe, "id", type(probe).__name__))
