"""Policies and decisions of a guard, and the types of the functions that it asks and tells."""

# no postponed annotations in this module: pydantic would evaluate each of them at import
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from fnmatch import fnmatchcase
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


@dataclass(frozen=True)
class Rule:
    """The policy for some agents or tools, in place of the guard's own.

    Attributes:
        policy: The policy.
        agents: Globs of the agents' names, such as ``critic-*``.
        tools: Globs of the tools' names.
    """

    policy: Policy
    agents: Sequence[str] = ("*",)
    tools: Sequence[str] = ("*",)

    def __post_init__(self) -> None:
        """Reject a policy that does not exist, and a string in place of a list of globs."""
        if self.policy not in ACTIONS:
            raise ValueError(f"the policy is one of {', '.join(ACTIONS)}, not {self.policy!r}")
        for globs in (self.agents, self.tools):
            if isinstance(globs, str):
                raise TypeError(f"agents and tools are lists of globs, not the string {globs!r}")

    def matches(self, agent: str, tool: str) -> bool:
        """Tell whether a call is one that this policy is for."""
        return any(fnmatchcase(agent, glob) for glob in self.agents) and any(
            fnmatchcase(tool, glob) for glob in self.tools
        )


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
