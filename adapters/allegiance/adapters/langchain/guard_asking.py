"""Puts a guard's question to a person by interrupting a LangGraph graph.

The question is the value of an interrupt, so that the graph's checkpointer keeps it: when the graph
is resumed, in this process or another, the call gets its own answer, whatever a fresh look at it
would find. Our answers are marked in the list of a task's answers, so that an ``interrupt()`` of
the tool's own never receives one, and a repeated or parallel call never receives another's.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from time import time
from typing import Any

from allegiance.guard.decision import Decision
from allegiance.guard.questions import Answer, digest_call, read_answer
from allegiance.guard.recent import put_bounded
from allegiance.guard.ticket import Place, Ticket
from allegiance.guard.watch import Watch

MARK = "__allegiance__"
"""Marks an answer to a guard's question among the answers to interrupts of the same task."""

_LOCK = threading.RLock()


def decide(
    watch: Watch,
    actor: str,
    tool: str,
    args: Any,
    call_id: str | None,
    skip: Collection[Watch] = (),
) -> Ticket | None:
    """Decide on a call; to ask a person, interrupt the graph if it has a checkpointer.

    Args:
        watch: Decides, and the watches around it.
        actor: The agent that calls.
        tool: The tool.
        args: The arguments.
        call_id: The id of the call.
        skip: The watches that decide on this call elsewhere; None is returned if all do.

    Raises:
        GraphInterrupt: If the call waits for a person.
    """
    task = current_task()
    state, known = task.look_up(watch, call_id, tool, args) if task else ("none", {})
    place = task.place if task else None
    key = f"{place.namespace if place else ''}|{call_id}|{digest_call(tool, args)}" if task else ""
    ticket = watch.refusals.waiting.pop(key, None) if call_id else None
    ticket = ticket or watch.intend(actor, tool, args, call_id, place=place, skip=skip)
    if ticket is None or task is None or ticket.settled:
        return ticket if ticket is None else watch.resolve(ticket)
    asking = _asking_part(ticket)
    if state == "answered":
        return _settle(ticket, asking or ticket, known)
    if asking is None and state == "none":
        return watch.resolve(ticket)
    if any(part.decision.action in ("reject", "halt") for part in ticket.parts):
        return watch.resolve(ticket)
    part = asking or ticket
    assert part.watch is not None
    if state == "none" and (refused := part.watch.refusals.known_answer(part)) is not None:
        return _settle_with(ticket, part, refused)
    if state == "none":
        question = part.watch.refusals.ask(part)
        known = {"id": question.id, "expires": question.expires, "reason": question.reason}
    put_bounded(watch.refusals.waiting, key, ticket)
    raise task.interrupt(ticket, known)


def _asking_part(ticket: Ticket) -> Ticket | None:
    """Return the part of a ticket whose guard asks by interrupting the graph."""
    for part in ticket.parts:
        watch = part.watch
        if part.decision.action == "ask" and watch is not None and watch.guard.ask is None:
            return part if watch.halted is None else None
    return None


def _settle(ticket: Ticket, part: Ticket, known: dict[str, Any]) -> Ticket:
    """Settle a call with the answer to its question."""
    assert part.watch is not None
    answer = read_answer(known.get("answer"), str(known.get("call_id") or ""))
    if (over := known.get("expires")) is not None and time() >= over:
        answer = Answer(allow=False, reason="the question has expired", time=time())
    decision = part.decision
    if decision.action == "allow":  # a fresh look finds nothing, but the answer counts
        message = str(known.get("reason") or "Rejected by policy: a person was asked")
        decision = Decision(action="ask", message=message)
    if decision.action == "ask":
        decision = part.watch.guard.apply_answer(decision, answer)
    question = part.watch.refusals.ask(replace(part, decision=decision))
    part.watch.refusals.note_answer(part, question, decision)
    return _settle_with(ticket, part, decision)


def _settle_with(ticket: Ticket, part: Ticket, decision: Decision) -> Ticket:
    """Settle one part of a call with a decision, and the others by themselves."""
    assert ticket.watch is not None
    watch: Watch = ticket.watch
    if part.watch is watch:
        settled: Ticket = watch.settle(ticket, decision)
        return settled
    outer, parts = None, ticket.parts
    for other in reversed(parts):
        chosen = decision if other.watch is part.watch else other.decision
        outer = replace(other, decision=chosen, outer=outer)
    assert outer is not None
    return watch.resolve(outer)


def current_task() -> Task | None:
    """Return the task that this code runs in, if its graph has a checkpointer."""
    try:
        from langgraph.config import get_config
    except ImportError:
        return None
    try:
        conf = get_config().get("configurable") or {}
    except RuntimeError:
        return None
    if conf.get("__pregel_checkpointer") in (None, False) or "__pregel_scratchpad" not in conf:
        return None
    return Task(conf)


@dataclass(frozen=True)
class Task:
    """A task of a graph with a checkpointer.

    Attributes:
        conf: What LangGraph passes to the task.
    """

    conf: dict[str, Any]

    @property
    def place(self) -> Place:
        """Where the calls of this task are made."""
        thread = str(self.conf.get("thread_id") or "")
        return Place(f"{thread}|{self.conf.get('checkpoint_ns')}", f"thread:{thread}")

    def look_up(
        self, watch: Watch, call_id: str | None, tool: str, args: Any
    ) -> tuple[str, dict[str, Any]]:
        """Return ``answered``, ``open`` or ``none`` for a call's question, and what is known of it.

        What LangGraph got for our question is marked first, so that nobody else takes it.
        """
        pad = self.conf["__pregel_scratchpad"]
        with _LOCK:
            resuming = bool(pad.resume) or pad.get_null_resume(False) is not None
            if not resuming and not watch.may_ask:
                return "none", {}
            pending = self._pending()
            if pending is not None:
                self._take(pad, pending)
            if any(_is_marked(value) for value in pad.resume):
                _skip_marked(pad)
            digest = digest_call(tool, args)
            for value in reversed(pad.resume):
                if _is_marked(value) and _is_about(value[MARK], call_id, digest):
                    return "answered", {**value[MARK], "answer": value["answer"]}
        if pending is not None and _is_about(pending, call_id, digest):
            return "open", pending
        return "none", {}

    def interrupt(self, ticket: Ticket, known: dict[str, Any]) -> Exception:
        """Return the interrupt that asks about a call."""
        from langgraph.errors import GraphInterrupt
        from langgraph.types import Interrupt

        event, resume = ticket.event, self.conf["__pregel_scratchpad"].resume
        call_id = event.call_id if ticket.has_id else None
        question = {
            "id": known.get("id"),
            "call_id": call_id,
            "digest": digest_call(event.tool or "", event.args),
            "index": len(resume),
            "expires": known.get("expires"),
            "reason": ticket.message or known.get("reason"),
        }
        shown = {
            "tool": event.tool,
            "args": event.args,
            "actor": event.actor,
            "reason": question["reason"],
            "call_id": call_id,
            MARK: question,
        }
        name = _interrupt_id(self.conf["checkpoint_ns"], len(resume))
        return GraphInterrupt((Interrupt(value=shown, id=name),))

    def _pending(self) -> dict[str, Any] | None:
        """Return our question that this task was interrupted by, from the checkpoint."""
        conf = self.conf
        parent = str(conf.get("checkpoint_ns") or "").rpartition("|")[0]
        place = {"thread_id": conf.get("thread_id"), "checkpoint_ns": parent}
        checkpoints = conf.get("checkpoint_map") or {}
        if parent in checkpoints:
            place["checkpoint_id"] = checkpoints[parent]
        saved = conf["__pregel_checkpointer"].get_tuple({"configurable": place})
        for task_id, channel, value in (saved.pending_writes or ()) if saved else ():
            if channel == "__interrupt__" and task_id == conf.get("__pregel_task_id"):
                for interrupt in value if isinstance(value, (list, tuple)) else (value,):
                    shown = getattr(interrupt, "value", None)
                    if isinstance(shown, dict) and isinstance(shown.get(MARK), dict):
                        return {**shown[MARK], "interrupt": getattr(interrupt, "id", "")}
        return None

    def _take(self, pad: Any, pending: dict[str, Any]) -> None:
        """Mark the answer to our question, and let the checkpointer keep the mark."""
        resume, answered = pad.resume, self.conf.get("__pregel_resume_map") or {}
        if any(_is_marked(v) and v[MARK].get("id") == pending.get("id") for v in resume):
            return
        if pending["interrupt"] in answered:
            if len(resume) != pending["index"] + 1 or _is_marked(resume[-1]):
                return
            resume[-1] = {MARK: pending, "answer": resume[-1]}
        else:
            value = pad.get_null_resume(True)
            if value is None:
                return
            resume.append({MARK: pending, "answer": value})
        self.conf["__pregel_send"]([("__resume__", list(resume))])


class _Skipping:
    """Counts the interrupts of a task past the places of our answers."""

    def __init__(self, inner: Any, resume: list[Any]) -> None:
        self._inner = inner
        self._resume = resume

    def __call__(self) -> int:
        while True:
            index: int = self._inner()
            if index >= len(self._resume) or not _is_marked(self._resume[index]):
                return index


def _skip_marked(pad: Any) -> None:
    if not isinstance(pad.interrupt_counter, _Skipping):
        with suppress(AttributeError):
            counting = _Skipping(pad.interrupt_counter, pad.resume)
            object.__setattr__(pad, "interrupt_counter", counting)  # it is frozen


def _is_marked(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get(MARK), dict) and "answer" in value


def _is_about(question: dict[str, Any], call_id: str | None, digest: str) -> bool:
    return question.get("call_id") == call_id and question.get("digest") == digest


def _interrupt_id(namespace: str, index: int) -> str:
    try:
        from langgraph.types import _interrupt_id as name_interrupt
    except ImportError:  # an older version gives all interrupts of a task the same id
        from langgraph.types import Interrupt

        return str(Interrupt.from_ns(value=None, ns=namespace).id)
    return str(name_interrupt(namespace, index))
