"""Decides a call under every watch that guards it: the strictest wins.

A person is asked only if no watch rejects the call anyway, and once for each guard.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any

from allegiance.guard.decision import Decision
from allegiance.guard.ticket import Ticket

Steps = Generator[Ticket, Decision, Ticket]
"""Yields the tickets that a person is to be asked about, and takes the decisions."""


def resolve(ticket: Ticket) -> Ticket:
    """Decide a call from synchronous code."""
    if _is_plain(ticket):
        return ticket
    steps = _steps(ticket)
    try:
        part = next(steps)
        while True:
            watch = part.watch
            assert watch is not None
            part = steps.send(watch.guard.resolve(part.decision, part.event, watch.loop))
    except StopIteration as end:
        result: Ticket = end.value
        return result


async def aresolve(ticket: Ticket) -> Ticket:
    """Decide a call from asynchronous code."""
    if _is_plain(ticket):
        return ticket
    steps = _steps(ticket)
    try:
        part = next(steps)
        while True:
            watch = part.watch
            assert watch is not None
            part = steps.send(await watch.guard.aresolve(part.decision, part.event))
    except StopIteration as end:
        result: Ticket = end.value
        return result


def settle(ticket: Ticket, decision: Decision) -> Ticket:
    """Decide a call whose innermost watch was answered already."""
    steps = _steps(replace(ticket, decision=decision))
    try:
        part = next(steps)
        while True:  # the watches around it ask on their own
            watch = part.watch
            assert watch is not None
            part = steps.send(watch.guard.resolve(part.decision, part.event, watch.loop))
    except StopIteration as end:
        result: Ticket = end.value
        return result


def _is_plain(ticket: Ticket) -> bool:
    """Tell whether nothing is left to decide, as for nearly every call."""
    return ticket.settled or all(
        part.decision.action == "allow" and part.watch is not None and part.watch.halted is None
        for part in ticket.parts
    )


def _steps(ticket: Ticket) -> Steps:
    parts = list(ticket.parts)
    blocked = any(part.decision.action in ("reject", "halt") for part in parts)
    for index, part in enumerate(parts):
        watch = part.watch
        assert watch is not None
        decision = part.decision
        if decision.action == "ask" and watch.halted is None:
            if blocked:  # nobody need be asked
                parts[index] = replace(part, decision=decision.model_copy(update=_REJECT))
                watch.boundary.record_result(part.event, decision.message, ok=False)
                continue
            known = watch.refusals.known_answer(part)
            if known is None:
                question = watch.refusals.ask(part)
                asked = decision.model_copy(update={"question": question.id})
                known = _answer_of(parts[:index], part) or (yield replace(part, decision=asked))
                watch.refusals.note_answer(part, question, known)
            decision = known
        parts[index] = replace(part, decision=watch.boundary.settle(part.event, decision))
        blocked = blocked or parts[index].decision.action != "allow"
    joined = _join(parts)
    if blocked:
        _record_not_run(joined)
        return joined
    edited = next(filter(None, map(_edited_args, parts)), None)
    return joined if edited is None else _judge_again(joined, edited)


_REJECT = {"action": "reject"}


def _answer_of(earlier: list[Ticket], part: Ticket) -> Decision | None:
    """Return the decision of another watch of the same guard that a person was asked about."""
    for other in earlier:
        assert other.watch is not None
        assert part.watch is not None
        if other.watch.guard is part.watch.guard and other.decision.answer is not None:
            answered: Decision = part.watch.guard.apply_answer(part.decision, other.decision.answer)
            return answered
    return None


def _edited_args(part: Ticket) -> dict[str, Any] | None:
    """Return the arguments that a person put in place of a call's own, or None."""
    answer = part.decision.answer
    return None if answer is None or answer.args == part.event.args else answer.args


def _judge_again(ticket: Ticket, args: dict[str, Any]) -> Ticket:
    """Decide a call with the arguments that a person put in place of its own."""
    event, watch = ticket.event, ticket.watch
    assert watch is not None
    for part in ticket.parts:
        assert part.watch is not None
        note = "Not run: a person changed the arguments."
        part.watch.boundary.record_result(part.event, note, ok=False)
    call_id = event.call_id if ticket.has_id else None
    skip = () if watch.outer is None else _absent(ticket)
    new = watch.intend(event.actor, event.tool or "", args, call_id, place=ticket.place, skip=skip)
    assert new is not None
    parts = []
    for part in new.parts:
        assert part.watch is not None
        decision = part.decision
        if decision.action == "ask":  # the person has seen other arguments: no second round
            decision = decision.model_copy(update=_REJECT)
        settled = part.watch.boundary.settle(part.event, decision)
        parts.append(replace(part, decision=settled))
    joined = _join(parts)
    if not joined.allowed:
        _record_not_run(joined)
    return joined


def _absent(ticket: Ticket) -> tuple[object, ...]:
    """Return the watches around a call that do not decide on it."""
    present = {id(part.watch) for part in ticket.parts}
    absent, watch = [], ticket.watch
    while watch is not None:
        if id(watch) not in present:
            absent.append(watch)
        watch = watch.outer
    return tuple(absent)


def _join(parts: list[Ticket]) -> Ticket:
    outer: Ticket | None = None
    for part in reversed(parts):
        outer = replace(part, outer=outer)
    assert outer is not None
    return outer


def _record_not_run(ticket: Ticket) -> None:
    """Record that a call did not run, where a watch allowed it, and remember the rejection."""
    for part in ticket.parts:
        assert part.watch is not None
        if part.decision.action == "allow":
            part.watch.boundary.record_result(part.event, ticket.message, ok=False)
    assert ticket.watch is not None
    ticket.watch.note_rejection(ticket)
