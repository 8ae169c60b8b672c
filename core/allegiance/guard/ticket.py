"""A call with the decision on it, and the error that stands for a rejected call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from allegiance.guard.decision import Decision
from allegiance.trace.events import Event

AnyWatch: TypeAlias = Any
"""A watch; its module needs this one, so that it cannot be imported."""


class CallRejected(PermissionError):
    """The guard rejected a call, and the function was not run.

    It is an ``OSError``, which LangGraph's retry policy does not retry by default. It can be
    pickled, so that a worker can send it to another process.

    Args:
        message: Why.
        tool: The tool.
        args: The arguments of the call.
    """

    def __init__(self, message: str = "", tool: str = "", args: Any = None) -> None:
        super().__init__(message)
        self.message = message
        self.tool = tool
        self.tool_args = args

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what another process needs to make the same error again."""
        return type(self), (self.message, self.tool, self.tool_args)


class GuardBypassed(UserWarning):
    """A tool call may have run without a decision of the guard."""


@dataclass(frozen=True)
class Place:
    """Where in a conversation a call is made, so that an answer belongs to it alone.

    Attributes:
        namespace: The conversation, the path in its graph and the task there.
        conversation: The part that names the conversation.
    """

    namespace: str
    conversation: str


@dataclass(frozen=True)
class Ticket:
    """A call with the decision on it; pass it to ``Watch.after`` when the call has run.

    Attributes:
        event: The call.
        decision: The decision on it.
        args: A copy of the arguments that were judged, to run the tool with: the framework's own
            object may be changed after the decision.
        watch: The watch whose decision it is; None for the watch that the ticket is passed to.
        outer: The same call under the watch around this one, whose decision counts too.
        settled: Whether the decision was recorded before: the call is a retry.
        place: Where the call is made, if the framework tells.
        has_id: Whether the framework has an id for the call.
    """

    event: Event
    decision: Decision
    args: Any = None
    watch: AnyWatch | None = None
    outer: Ticket | None = None
    settled: bool = False
    place: Place | None = None
    has_id: bool = False

    @property
    def allowed(self) -> bool:
        """Whether the call may run: every watch allows it."""
        return self.decision.action == "allow" and (self.outer is None or self.outer.allowed)

    @property
    def message(self) -> str:
        """What the caller is shown if the call does not run."""
        if self.decision.action != "allow" or self.outer is None:
            return self.decision.message
        return self.outer.message

    @property
    def parts(self) -> tuple[Ticket, ...]:
        """The tickets of all watches, from the inside out."""
        return (self,) if self.outer is None else (self, *self.outer.parts)
