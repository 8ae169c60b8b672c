"""Policies and decisions of a guard, and the types of the functions that it asks and tells."""

# no postponed annotations in this module: pydantic would evaluate each of them at import
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from typing import Literal

from allegiance.guard.questions import Answer
from allegiance.trace.events import Event, Finding
from allegiance.trace.wire import Wire

Action = Literal["allow", "reject", "ask", "halt"]
Policy = Literal["observe", "block", "ask", "halt"]
RunPolicy = Literal["observe", "block", "halt"]
"""The policies of a run, in which nobody waits to be asked."""

ACTIONS: Mapping[Policy, Action] = {
    "observe": "allow",
    "block": "reject",
    "ask": "ask",
    "halt": "halt",
}
"""The action of each policy on a call that a probe flags."""


class Decision(Wire):
    """Whether a tool call may run.

    Attributes:
        action: Whether the call may run: ``allow``, ``reject``, ``ask`` or ``halt``.
        message: What the caller is shown if the call does not run.
        findings: The new findings that led to the decision.
        question: The id of the question, while a person is asked.
        answer: What the person said, with the time and who it was.
    """

    action: Action
    message: str = ""
    findings: tuple[Finding, ...] = ()
    question: str = ""
    answer: Answer | None = None


ALLOW = Decision.model_construct(action="allow")  # validation would build the class at import

Ask = Callable[[Decision, Event], bool | Answer | Awaitable[bool | Answer]]
Record = Event | Finding | Decision
Sink = Callable[[Record], None]

TRACE_NUMBER: ContextVar[int] = ContextVar("allegiance_trace_number", default=0)
"""The trace that a record belongs to, set while a sink is called.

Traces are numbered from 1 in the order in which they begin in this process. A sink that several
runs share tells their records apart by it: the ids of calls are unique in one trace alone.
"""

UNGUARDED: ContextVar[bool] = ContextVar("allegiance_unguarded", default=False)
"""Whether every guard allows what it flags: set to see what an app does without its guard."""

RECORD_TIME: ContextVar[int] = ContextVar("allegiance_record_time", default=0)
"""When a record came about, in nanoseconds since 1970, set while a sink is called."""
