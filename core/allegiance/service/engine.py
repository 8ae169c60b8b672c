"""The engine of the service: sessions, decisions and questions, whatever the protocol."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from allegiance.errors import UserError
from allegiance.guard.checked import is_built_in
from allegiance.guard.decision import ALLOW, Decision
from allegiance.guard.guard import Guard
from allegiance.guard.recent import describe_error
from allegiance.service.approvals import Approvals, Asked, SqliteApprovals
from allegiance.service.session import OpenCall, Session
from allegiance.service.sessions import Busy, Sessions
from allegiance.service.store import StepStore
from allegiance.service.wire import (
    Answer,
    DecideRequest,
    EndRequest,
    MessageRequest,
    OnFailure,
    ResultRequest,
    failure,
)
from allegiance.trace.digest import digest

OTHER_CALL = "this call id belongs to another call, which a person was asked about"
USED = "the person's answer was for one call, which has been made"


class CallUnknown(LookupError):
    """No call of this id waits for a result."""


@dataclass(frozen=True)
class Limits:
    """The limits of an engine.

    Attributes:
        sessions: The sessions that are kept in memory.
        idle: Seconds after which a session that is not used is forgotten.
        approval: Seconds that a question waits; after that, the answer is no.
        on_failure: What becomes of a call when the decider fails.
    """

    sessions: int = 10_000
    idle: float = 86_400.0
    approval: float = 86_400.0
    on_failure: OnFailure = "reject"


@dataclass
class Engine:
    """Decides on the calls of many sessions; safe to use from any thread.

    Attributes:
        guard: Its probes, bindings and policy decide.
        store: Keeps steps and questions.
        limits: How many sessions, and for how long.
        clock: Returns the time in seconds since 1970.
    """

    guard: Guard
    store: StepStore = field(default_factory=StepStore)
    limits: Limits = Limits()
    clock: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        """Prepare the sessions."""
        self.approvals: Approvals = SqliteApprovals(self.store, self.limits.approval)
        limits = self.limits
        self.sessions = Sessions(self.guard, self.store, limits.sessions, limits.idle)
        codes = [*self.guard.probes, *(binding.effects for binding in self.guard.bindings)]
        self.quick = all(is_built_in(code) for code in codes)
        """Whether only our own probes and bindings run, which are quick for short arguments."""

    def decide(self, request: DecideRequest) -> Answer:
        """Decide whether a call may run, and write the decision down before it is returned.

        Raises:
            Busy: If there are too many sessions.
        """
        try:
            with self.sessions.using(request.session, self.clock()) as session:
                return self._decide(session, request)
        except Busy:
            raise
        except Exception as error:  # noqa: BLE001 - what fails is decided by the rule for failures
            why = str(error) if isinstance(error, UserError) else describe_error(error)
            self.guard.note_failure(f"a decision failed: {why}")
            return failure(self.limits.on_failure, why)

    def result(self, request: ResultRequest) -> Answer:
        """Record how a call ended.

        Raises:
            CallUnknown: If no call of this id was allowed and waits for a result.
            Busy: If there are too many sessions.
        """
        with self.sessions.using(request.session, self.clock()) as session:
            call = session.open.get(request.call_id)
            if call is None:
                raise CallUnknown(f"no call {request.call_id!r} of this session waits for a result")
            asked_elsewhere = call.answer.action == "ask" and not call.answer.approval
            if not (call.answer.allowed or asked_elsewhere):
                why = f"call {request.call_id!r} was not allowed and has a result: it ran unguarded"
                self.guard.note_failure(why)
                raise CallUnknown(why)
            before = session.findings_total
            session.watch.after(call.ticket, request.text, ok=request.ok)
            del session.open[request.call_id]
            step = {"k": "result", "c": request.call_id, "x": request.text, "ok": request.ok}
            self._write(request.session, step)
            findings = session.new_findings(before)
            return Answer(call_id=request.call_id, findings=findings)

    def message(self, request: MessageRequest) -> Answer:
        """Record what an agent says.

        Raises:
            Busy: If there are too many sessions.
        """
        with self.sessions.using(request.session, self.clock()) as session:
            before = session.findings_total
            session.watch.message(request.agent, request.text)
            self._write(request.session, {"k": "message", "a": request.agent, "x": request.text})
            return Answer(findings=session.new_findings(before))

    def end(self, request: EndRequest) -> Answer:
        """Judge a session as a whole, and forget it.

        Raises:
            Busy: If there are too many sessions.
        """
        with self.sessions.using(request.session, self.clock()) as session:
            before = session.findings_total
            session.watch.boundary.append("end", "runner", request.text)
            findings = session.new_findings(before)
        self.sessions.drop(request.session)
        return Answer(findings=findings)

    def is_quick(self, request: DecideRequest, longest: int) -> bool:
        """Tell whether a decision will take far less than a millisecond."""
        session = self.sessions.get(request.session)
        if not self.quick or session is None or session.users or not session.ready:
            return False
        args = request.args
        if isinstance(args, str):
            return len(args) <= longest
        size = 0
        for key, value in args.items():
            if isinstance(value, (dict, list)):
                return False
            size += len(key) + (len(value) if isinstance(value, str) else 8)
        return size <= longest

    def _decide(self, session: Session, request: DecideRequest) -> Answer:
        call_id = request.call_id or session.new_id()
        mark = digest([request.agent, request.tool, request.args])
        asked = self.approvals.about(request.session, call_id, self.clock())
        if asked is not None:
            return self._answered(session, request, asked, mark)
        known = session.open.get(call_id)
        if known is not None and known.digest == mark:
            return known.answer  # the same request again, such as after a broken connection
        before = session.findings_total
        ticket = session.watch.intend(request.agent, request.tool, request.args, call_id)
        assert ticket is not None  # no watch is skipped
        session.calls += 1
        decision = ticket.decision
        if decision.action == "ask" and session.watch.halted is None:
            decision = _begin_with(decision, "A person is asked: ")
            approval = self._ask(request, call_id, mark, decision, ticket.event.args)
            ticket = replace(ticket, decision=decision)
        else:
            ticket = session.watch.settle(ticket, decision)
            decision, approval = ticket.decision, ""
            self._write(request.session, _step(request, ticket.event.args, call_id, mark, decision))
        answer = Answer(
            action=decision.action,
            call_id=call_id,
            message=decision.message,
            findings=session.new_findings(before),
            bound=ticket.event.bound,
            approval=approval,
        )
        session.keep(call_id, OpenCall(ticket, mark, answer))
        return answer

    def _ask(
        self, request: DecideRequest, call_id: str, mark: str, decision: Decision, args: object
    ) -> str:
        call = {
            "session": request.session,
            "call_id": call_id,
            "agent": request.agent,
            "tool": request.tool,
            "args": args,
        }
        step = _step(request, args, call_id, mark, decision)
        if request.asks:
            self._write(request.session, {**step, "q": False})
            return ""
        return self.approvals.ask(call, mark, decision.message, step, self.clock()).id

    def _answered(
        self, session: Session, request: DecideRequest, asked: Asked, mark: str
    ) -> Answer:
        """Return what a person's answer means for a call that asks again."""
        question, call = asked.question, session.open.get(asked.question.call_id)
        base = Answer(action="reject", call_id=question.call_id, approval=question.id)
        if mark != asked.digest or call is None:
            return _with(base, message=OTHER_CALL)
        if question.state == "pending":
            return _with(base, action="ask", message=question.reason)
        if asked.collected:
            if question.state == "allowed":
                return _with(base, message=USED)
            return _with(base, message=call.answer.message)
        if question.state == "allowed":
            decision = ALLOW
        else:
            who = question.approver or "nobody in time"
            why = "rejected by" if question.state == "denied" else "not answered: by"
            decision = Decision(action="reject", message=f"The call was {why} {who}.")
        ticket = session.watch.settle(call.ticket, decision)
        decision = ticket.decision
        step = {"k": "settled", "c": question.call_id, "d": decision.action, "m": decision.message}
        self.approvals.collect(question, step, self.clock())
        answer = _with(
            base, action=decision.action, message=decision.message, bound=ticket.event.bound
        )
        session.keep(question.call_id, OpenCall(ticket, mark, answer))
        return answer

    def _write(self, session: str, step: dict[str, object]) -> None:
        if self.store.durable:
            self.store.append(session, step, self.clock())


def _begin_with(decision: Decision, start: str) -> Decision:
    """Return a decision whose message begins with another start than that of a rejection."""
    text = decision.message.removeprefix("Rejected by policy: ")
    return decision.model_copy(update={"message": f"{start}{text}"})


def _step(
    request: DecideRequest, args: object, call_id: str, mark: str, decision: Decision
) -> dict[str, object]:
    return {
        "k": "call",
        "a": request.agent,
        "t": request.tool,
        "x": args,
        "c": call_id,
        "g": mark,
        "d": decision.action,
        "m": decision.message,
    }


def _with(answer: Answer, **values: object) -> Answer:
    return answer.model_copy(update=values)
