"""The decider: turns a trace into a decision, by probes, a policy and bindings.

A decision is data, never an exception, because every framework handles exceptions of tools in a
different way. A decider that fails rejects the call.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from allegiance.guard.approval import ask_on_console, wait_for
from allegiance.guard.checked import (
    check_findings,
    collect_findings,
    is_built_in,
    probe_name,
)
from allegiance.guard.decision import (
    ACTIONS,
    ALLOW,
    UNGUARDED,
    Ask,
    Decision,
    Policy,
    Record,
    Rule,
    Sink,
)
from allegiance.guard.delivery import FLUSH_SECONDS, Delivery
from allegiance.guard.questions import Questions, read_answer, stamp
from allegiance.guard.recent import Recent, describe_error, shorten
from allegiance.guard.time_limit import Interrupted, TimeLimit
from allegiance.guard.unread import OnOpaque, action_on
from allegiance.probe.protocol import Probe, event_kinds
from allegiance.probe.timeline import View
from allegiance.reading import LONGEST
from allegiance.trace.events import ITS_WORDS, KINDS, Event, Finding

if TYPE_CHECKING:
    import asyncio

    from allegiance.bindings.binding import Binding

_CACHED_TOOLS = 512

LONG = 2_000
"""Characters of arguments above which our own probes and bindings have a time limit, too: a switch
of threads is then a small part of the decision's time."""


@dataclass
class Decider:
    """Probes with a policy, for a scenario's world or for a user's own app.

    Attributes:
        probes: The probes to run on every event.
        policy: What to do with a call that a probe flags: ``observe`` allows it and keeps the
            findings, ``block`` rejects it, ``ask`` lets a person decide, ``halt`` rejects it and
            every later call.
        rules: Policies for some agents or tools; the first that matches a call counts, and
            ``policy`` for the rest.
        bindings: Map calls to the user's own tools to effects; a scenario's world needs none.
        ask: Decides under the policy ``ask``: takes the decision and the event, and returns whether
            the call may run. By default a person is asked on the console.
        limit: Seconds that a probe or binding of the user may take for one event; None for no
            limit. Ours have a limit only if the arguments are long.
        sinks: Called with every event, every finding, and every decision that rejects a call, on
            threads of their own.
        findings: The last findings, in order; ``findings.total`` counts all.
        failures: The last errors of probes, bindings and sinks, in order; ``failures.total`` counts
            all. A probe or binding that fails rejects the call, unless the policy is ``observe``.
        keep_events: The number of events that one run of an app keeps at least; None keeps all.
            The probes' verdicts do not depend on it, and the sinks get every event.
        longest_args: The characters of a call's arguments above which the call is rejected.
        questions: Keeps the questions to a person and their answers; in memory by default, or a
            ``SqliteQuestions`` to survive the process.
        answer_seconds: How long a question can be answered; None for ever.
        on_opaque: What to do with a call of which a part cannot be read, such as a shell command
            that runs a script: ``protected`` rejects it if its arguments name a protected path and
            allows it otherwise, ``allow``, ``ask`` and ``reject``. It never counts as bound.
    """

    probes: Sequence[Probe]
    policy: Policy = "block"
    bindings: Sequence[Binding] = ()
    ask: Ask | None = None
    limit: float | None = 1.0
    sinks: Sequence[Sink] = ()
    findings: Recent[Finding] = field(default_factory=Recent)
    failures: Recent[str] = field(default_factory=Recent)
    keep_events: int | None = 4000
    longest_args: int = LONGEST
    on_opaque: OnOpaque = "protected"
    questions: Questions = field(default_factory=Questions, repr=False)
    answer_seconds: float | None = None
    rules: Sequence[Rule] = ()

    def __post_init__(self) -> None:
        """Copy the probes into a tuple, since an iterator would be empty at the second event."""
        self.probes = tuple(self.probes)
        self.bindings = tuple(self.bindings)
        self.rules = tuple(self.rules)
        self.time_limit = TimeLimit(self.limit)
        self._delivery = Delivery(self.failures)
        self._cache: tuple[Sequence[Binding], dict[str, tuple[Binding | None, bool]]] = ((), {})
        self._called = {
            kind: tuple(
                (probe, is_built_in(probe)) for probe in self.probes if kind in event_kinds(probe)
            )
            for kind in KINDS
        }

    @property
    def dropped(self) -> int:
        """The records that no sink got because it was too slow; see ``failures``."""
        return self._delivery.dropped

    @property
    def may_ask(self) -> bool:
        """Whether a person may be asked about a call."""
        return "ask" in (self.policy, self.on_opaque, *(rule.policy for rule in self.rules))

    def _policy_for(self, call: Event) -> Policy:
        rules = (r.policy for r in self.rules if r.matches(call.actor, call.tool or ""))
        return next(rules, self.policy)

    def flush(self, seconds: float = FLUSH_SECONDS) -> bool:
        """Wait until the sinks have every record so far.

        Returns:
            Whether they have; if not, ``failures`` says which sink is slow.
        """
        return self._delivery.flush(seconds)

    def note_failure(self, failure: str) -> None:
        """Add an error to the failures, shortened."""
        self.failures.append(shorten(failure))

    def decide(self, view: View, failure: str | None = None, *, limited: bool = False) -> Decision:
        """Run every probe on the view and decide whether its last event, a call, may run.

        Args:
            view: The events so far; the last may be a call that has not run yet.
            failure: An error that happened before, such as that of the call's binding.
            limited: Whether our own probes have a time limit, too.
        """
        findings, failures = self._run_probes(view, limited)
        if failure is not None:
            failures.append(shorten(failure))
        unread = view.event.text if view.event.kind == "tool_call" else ""
        doubt = action_on(self.on_opaque, self.probes, view.event) if unread else ""
        if not (findings or failures or doubt):
            return ALLOW
        self.findings.extend(findings)
        self.failures.extend(failures)
        if view.event.kind != "tool_call":
            return Decision(action="allow", findings=tuple(findings)) if findings else ALLOW
        action = "allow" if UNGUARDED.get() else ACTIONS[self._policy_for(view.event)]
        if failures and action == "ask":
            action = "reject"  # a person could only be told that the call was not understood
        if doubt and not (findings or failures) and action != "allow":
            action = doubt
        note = unread.partition(ITS_WORDS)[0]
        reasons = "; ".join([f.reason for f in findings] + failures + [note] * bool(doubt))
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
        except KeyboardInterrupt:
            raise  # a person pressed Ctrl-C instead of answering
        except BaseException as error:  # noqa: BLE001 - fail closed
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
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise  # the app was cancelled while it waited for the answer
            return self._reject_unanswered(decision, error)
        except Exception as error:  # noqa: BLE001 - fail closed
            return self._reject_unanswered(decision, error)
        return self.apply_answer(decision, answer)

    def apply_answer(self, decision: Decision, answer: object) -> Decision:
        """Turn an answer into a decision: only a clear yes in time allows the call."""
        read = stamp(read_answer(answer))
        if read.allow and not read.is_over:
            return Decision(action="allow", findings=decision.findings, answer=read)
        why = "the approval has expired" if read.allow else read.reason
        message = f"{decision.message} ({why})" if why else decision.message
        return decision.model_copy(
            update={"action": "reject", "message": message, "answer": read, "question": ""}
        )

    def notify_sinks(self, record: Record, trace: int = 0, size: int = 0) -> None:
        """Hand a record to every sink, without waiting for it.

        A sink that fails or is too slow is noted in ``failures``.

        Args:
            record: The event, finding or decision.
            trace: The number of its trace, which sinks read from ``TRACE_NUMBER``.
            size: The characters of the record's text and arguments.
        """
        self._delivery.put(self.sinks, record, trace, size)

    def run_limited(self, owner: object, job: Callable[[], None]) -> None:
        """Run code of a probe, under the time limit unless the probe is ours; note its errors."""
        try:
            if is_built_in(getattr(owner, "__self__", owner)):
                job()
            else:
                self.time_limit(job)
        except Exception as error:  # noqa: BLE001 - the probe's next call will fail, too
            self.note_failure(f"a fold failed: {describe_error(error)}")

    def _run_probes(self, view: View, limited: bool) -> tuple[list[Finding], list[str]]:
        findings: list[Finding] = []
        failures: list[str] = []
        for probe, built_in in self._called[view.event.kind]:
            try:
                # our own probes need no limit, because tests/repository/test_readers.py shows that
                # they read any text in linear time; a long text may still take longer than allowed
                if built_in and not limited:
                    if new := probe(view):
                        findings.extend(check_findings(new))
                else:
                    collected: list[Finding] = []
                    self.time_limit(partial(collect_findings, collected, probe, view))
                    findings.extend(collected)
            except Interrupted as error:
                failures.append(f"{probe_name(probe)} {error}")
            except Exception as error:  # noqa: BLE001 - fail closed, in decide
                failures.append(f"{probe_name(probe)} failed: {describe_error(error)}")
        return findings, failures

    def _reject_unanswered(self, decision: Decision, error: BaseException) -> Decision:
        self.note_failure(f"ask failed: {describe_error(error)}")
        message = f"{decision.message} (nobody could be asked: {describe_error(error)})"
        return decision.model_copy(update={"action": "reject", "message": message})


def _find_binding(bindings: Sequence[Binding], tool: str) -> Binding | None:
    if not bindings:
        return None
    from allegiance.bindings.binding import find  # its package loads the shell interpreter too

    return find(bindings, tool)
