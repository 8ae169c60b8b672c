"""What a watch remembers of rejected calls: a no of a person holds, and a retry is no new call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from allegiance.guard.decision import Decision
from allegiance.guard.questions import CallKey, Question, ask_question, digest_call
from allegiance.guard.recent import MOST, put_bounded
from allegiance.guard.ticket import Ticket

if TYPE_CHECKING:
    from allegiance.guard.decider import Decider


class Refusals:
    """The rejected calls of one run, and its questions to a person.

    Args:
        guard: Its questions are used.

    Attributes:
        waiting: The calls that wait for an answer, for a framework that comes back with them.
    """

    def __init__(self, guard: Decider) -> None:
        self._guard = guard
        self.waiting: dict[str, Ticket] = {}
        self._run = ""
        self._no: dict[tuple[str, str, str], None] = {}
        self._last: dict[tuple[str, str, str], tuple[int, str, Ticket]] = {}

    def key(self, ticket: Ticket) -> CallKey:
        """Return what an answer about a call belongs to."""
        event, place = ticket.event, ticket.place
        if not self._run:
            self._run = f"run:{uuid4().hex}"
        return CallKey(
            namespace=place.namespace if place else self._run,
            conversation=place.conversation if place else "",
            call_id=str(event.call_id) if ticket.has_id else "",
            actor=event.actor,
            tool=event.tool or "",
            digest=digest_call(event.tool or "", event.args),
        )

    def __bool__(self) -> bool:
        """Whether a call was rejected that may be tried again."""
        return bool(self._last)

    # retries ------------------------------------------------------------------------------------

    def note_rejection(self, ticket: Ticket, size: int) -> None:
        """Remember a call that was just rejected, to know a framework's retry of it.

        Args:
            ticket: The call.
            size: The events of the run so far.
        """
        event = ticket.event
        decisions = [part.decision for part in ticket.parts]
        if not any(d.findings or d.answer for d in decisions if d.action != "allow"):
            return  # a guard that failed may work the next time
        call = (event.actor, event.tool or "", str(event.call_id) if ticket.has_id else "")
        put_bounded(self._last, call, (size, digest_call(call[1], event.args), ticket))

    def retried(
        self, actor: str, tool: str, call_id: str | None, args: Any, size: int
    ) -> Ticket | None:
        """Return the ticket of a rejected call that a framework tries again at once, or None.

        Nothing happened since: no model spoke, and no other call was recorded.
        """
        last = self._last.get((actor, tool, str(call_id or "")))
        if last is None or last[0] != size or last[1] != digest_call(tool, args):
            return None
        return last[2]

    def begin_turn(self) -> None:
        """Note that a model was asked: what it requests from now on is not a retry."""
        self._last.clear()

    # answers ------------------------------------------------------------------------------------

    def known_answer(self, ticket: Ticket) -> Decision | None:
        """Return the decision by an answer that a person gave about this very call, or None."""
        key = self.key(ticket)
        if (key.actor, key.tool, key.digest) in self._no:
            return refuse(ticket.decision)
        questions = self._guard.questions
        if (refusal := questions.refusal(key)) is not None:
            return refuse(ticket.decision, refusal)
        known = questions.by_key(key.text) if ticket.place and key.call_id else None
        if known is None or known.answer is None:
            return None
        return self._guard.apply_answer(ticket.decision, known.answer)

    def ask(self, ticket: Ticket) -> Question:
        """Keep the question about a call, before it is asked."""
        seconds = self._guard.answer_seconds
        question = ask_question(self.key(ticket), ticket.event, ticket.decision.message, seconds)
        self._guard.questions.put(question)
        return question

    def note_answer(self, ticket: Ticket, question: Question, decision: Decision) -> None:
        """Keep the answer to a question; without one, the question is over."""
        update: dict[str, Any] = {"answer": decision.answer}
        if decision.answer is None:
            update = {"expires": question.asked}
        elif decision.action != "allow":
            put_bounded(self._no, (question.actor, question.tool, question.digest), None, MOST)
        self._guard.questions.put(question.model_copy(update=update))


def refuse(decision: Decision, question: Question | None = None) -> Decision:
    """Return a rejection because a person said no to the same call before."""
    message = f"{decision.message} (a person rejected this call before)"
    answer = question.answer if question is not None else None
    return decision.model_copy(update={"action": "reject", "message": message, "answer": answer})
