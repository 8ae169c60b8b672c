"""What a guard may answer: policies, decisions, and the types of those who are asked or told."""

# no postponed annotations here: pydantic would evaluate each from its text at import
from collections.abc import Awaitable, Callable, Mapping
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
