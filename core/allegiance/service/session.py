"""A session of the service: a watch, and the calls whose results have not come yet."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import NamedTuple

from allegiance.guard.decision import ALLOW, Decision
from allegiance.guard.guard import Guard
from allegiance.guard.recent import MOST, Recent, put_bounded
from allegiance.guard.watch import Ticket, Watch
from allegiance.service.store import Step
from allegiance.service.wire import Answer
from allegiance.trace.events import Finding


class OpenCall(NamedTuple):
    """A call whose result has not come.

    Attributes:
        ticket: The call and the decision.
        digest: The digest of agent, tool and arguments.
        answer: What was answered.
    """

    ticket: Ticket
    digest: str
    answer: Answer


class Session:
    """One run of an agent under the guard of a service.

    Args:
        guard: Decides on the calls.
        ready: Whether there is nothing to restore.

    Attributes:
        watch: The trace.
        open: The calls whose results have not come, by id.
        lock: Held while an event of the session is judged and written.
        ready: Whether the events of an earlier process have been restored.
        seen: When the session was last used, in seconds since 1970.
        users: The requests that use the session now.
        calls: The number of calls.
    """

    def __init__(self, guard: Guard, ready: bool = True) -> None:
        self.watch = Watch(guard)
        self.open: dict[str, OpenCall] = {}
        self.lock = threading.Lock()
        self.ready = ready
        self.seen = 0.0
        self.users = 0
        self.calls = 0

    @property
    def findings_total(self) -> int:
        """The number of findings so far."""
        return self.watch.boundary.findings.total

    def new_id(self) -> str:
        """Return an id for a call that has none."""
        return f"call-{self.calls + 1}"

    def keep(self, call_id: str, call: OpenCall) -> None:
        """Keep a call until its result comes; the oldest goes if there are too many."""
        put_bounded(self.open, call_id, call, MOST)

    def new_findings(self, before: int) -> tuple[Finding, ...]:
        """Return the findings that were added since there were ``before`` of them."""
        findings = self.watch.boundary.findings
        added = findings.total - before
        return tuple(findings[-added:]) if added else ()

    def restore(self, guard: Guard, steps: Iterable[Step]) -> None:
        """Repeat the events of an earlier process.

        The probes see the events again, so that they know what they knew. Decisions stay as they
        were, and no sink is called a second time.

        Args:
            guard: Decides on the calls to come.
            steps: The steps, as the engine wrote them.
        """
        quiet = replace(
            guard, sinks=(), findings=Recent(), failures=Recent(), watches=Recent(most=1)
        )
        self.watch, self.calls = Watch(quiet), 0
        self.open.clear()
        for step in steps:
            _REPEAT[step["k"]](self, step)
        self.watch.guard = self.watch.boundary.guard = guard
        self.ready = True

    def _repeat_message(self, step: Step) -> None:
        self.watch.message(step["a"], step["x"])

    def _repeat_call(self, step: Step) -> None:
        ticket = self.watch.intend(step["a"], step["t"], step["x"], step["c"])
        assert ticket is not None  # no watch is skipped
        self.calls += 1
        if step["d"] == "ask":
            ticket = replace(ticket, decision=_decision(step))
            self.keep(step["c"], OpenCall(ticket, step["g"], _answer(step)))
        else:
            self._repeat_decision(ticket, step["g"], step)

    def _repeat_settled(self, step: Step) -> None:
        if (call := self.open.get(step["c"])) is not None:
            self._repeat_decision(call.ticket, call.digest, step)

    def _repeat_decision(self, ticket: Ticket, digest: str, step: Step) -> None:
        decision = _decision(step)
        self.watch.settle(ticket, decision)
        ticket = replace(ticket, decision=decision)
        self.keep(step["c"], OpenCall(ticket, digest, _answer(step)))

    def _repeat_result(self, step: Step) -> None:
        if (call := self.open.pop(step["c"], None)) is not None:
            self.watch.after(call.ticket, step["x"], ok=step["ok"])


_REPEAT: dict[str, Callable[[Session, Step], None]] = {
    "message": Session._repeat_message,
    "call": Session._repeat_call,
    "settled": Session._repeat_settled,
    "result": Session._repeat_result,
}


def _decision(step: Step) -> Decision:
    return ALLOW if step["d"] == "allow" else Decision(action=step["d"], message=step["m"])


def _answer(step: Step) -> Answer:
    # a question has an id of its own, which the store knows; here it matters only that there is one
    asked = "asked" if step["d"] == "ask" and step.get("q", True) else ""
    return Answer(action=step["d"], call_id=step["c"], message=step["m"], approval=asked)
