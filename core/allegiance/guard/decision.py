"""What a guard may answer: policies, decisions, and the types of those who are asked or told."""

# no postponed annotations here: pydantic would evaluate each from its text at import
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from typing import Literal

from allegiance.trace.events import Event, Finding
from allegiance.trace.wire import Wire

Action = Literal["allow", "reject", "ask", "halt"]
Policy = Literal["observe", "block", "ask", "halt"]

ACTIONS: Mapping[Policy, Action] = {
    "observe": "allow",
    "block": "reject",
    "ask": "ask",
    "halt": "halt",
}
"""What each policy answers to a call that a probe flags."""


class Decision(Wire):
    """Whether a tool call may run.

    Attributes:
        action: The decision itself.
        message: What the caller sees if the call does not run.
        findings: The evidence that is new.
    """

    action: Action
    message: str = ""
    findings: tuple[Finding, ...] = ()


ALLOW = Decision.model_construct(action="allow")  # not checked: that would build the class now

Ask = Callable[[Decision, Event], bool | Awaitable[bool]]
Record = Event | Finding | Decision
Sink = Callable[[Record], None]

TRACE_NUMBER: ContextVar[int] = ContextVar("allegiance_trace_number", default=0)
"""The trace that a record belongs to, set while a sink is called.

Traces are numbered from 1 in the order in which they begin in this process. A sink that several
runs share tells their records apart by it: the ids of calls are unique in one trace alone.
"""
