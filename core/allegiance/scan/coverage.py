"""How much of a conversation was understood, by tool and by agent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from allegiance.trace.events import Event, Finding


@dataclass(frozen=True)
class Understood:
    """Calls by how far they were understood.

    Attributes:
        judged: Calls that a binding reads as a whole.
        partly: Calls of which a part could not be read, such as a shell command with a script.
        unbound: Calls without a binding, or without arguments that a binding can read.
    """

    judged: int = 0
    partly: int = 0
    unbound: int = 0

    @property
    def calls(self) -> int:
        """The number of calls."""
        return self.judged + self.partly + self.unbound

    def __add__(self, other: Understood) -> Understood:
        """Return the sums."""
        return Understood(
            self.judged + other.judged, self.partly + other.partly, self.unbound + other.unbound
        )

    def as_dict(self) -> dict[str, int]:
        """Return the counts by name."""
        return asdict(self)


@dataclass(frozen=True)
class AgentShare:
    """What one agent of a conversation did.

    Attributes:
        understood: Its calls.
        messages: The number of its messages.
        findings: The number of findings about it.
    """

    understood: Understood = Understood()
    messages: int = 0
    findings: int = 0


def by_tool(events: Iterable[Event]) -> dict[str, Understood]:
    """Return the calls of each tool, in the order of their first calls."""
    counts: dict[str, Understood] = {}
    for event in events:
        if event.kind == "tool_call":
            tool = event.tool or ""
            counts[tool] = counts.get(tool, Understood()) + _understood(event)
    return counts


def by_agent(events: Iterable[Event], findings: Iterable[Finding]) -> dict[str, AgentShare]:
    """Return the share of each agent, in the order of their first events."""
    shares: dict[str, AgentShare] = {}
    for event in events:
        if event.kind in ("tool_call", "message"):
            share = shares.get(event.actor, AgentShare())
            called = event.kind == "tool_call"
            shares[event.actor] = AgentShare(
                share.understood + (_understood(event) if called else Understood()),
                share.messages + (not called),
            )
    for finding in findings:
        share = shares.get(finding.actor, AgentShare())
        shares[finding.actor] = AgentShare(share.understood, share.messages, share.findings + 1)
    return shares


def total(counts: Mapping[str, Understood]) -> Understood:
    """Return the sum of counts."""
    return sum(counts.values(), Understood())


def _understood(event: Event) -> Understood:
    if event.bound:
        return Understood(judged=1)
    return Understood(partly=1) if event.text else Understood(unbound=1)
