"""The guard: probes at run time, deciding before a tool runs.

A decision is data, never an exception: an exception raised in a tool is handled in another way by
every framework.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from allegiance.probe import Probe, View
from allegiance.trace import Finding

Action = Literal["allow", "reject", "halt"]
Policy = Literal["observe", "block", "halt"]


@dataclass(frozen=True)
class Decision:
    """What is to become of a tool call, and the text its caller sees if it is not to run."""

    action: Action
    message: str = ""
    findings: tuple[Finding, ...] = ()


ALLOW = Decision("allow")


@dataclass
class Guard:
    """Probes with a policy.

    Attributes:
        probes: What to look for.
        policy: ``observe`` lets everything through and keeps the findings, ``block`` rejects the
            call that a probe flags, ``halt`` rejects it and every call after it.
        findings: Everything found so far, in order.
        failures: Errors of probes, in order. A probe that fails rejects, unless the policy is
            ``observe``.
    """

    probes: Iterable[Probe]
    policy: Policy = "block"
    findings: list[Finding] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Take the probes once: an iterator would be empty at the second event."""
        self.probes = tuple(self.probes)

    def decide(self, view: View) -> Decision:
        """Run every probe on the view and say what is to become of the call it ends at."""
        found: list[Finding] = []
        failed: list[str] = []
        for probe in self.probes:
            try:
                found.extend(probe(view))
            except Exception as error:  # noqa: BLE001 - fail closed, below
                failed.append(f"{probe.id} failed: {type(error).__name__}: {error}")
        self.findings.extend(found)
        self.failures.extend(failed)
        if view.event.kind != "tool_call" or not (found or failed):
            return ALLOW
        if self.policy == "observe":
            return Decision("allow", findings=tuple(found))
        action: Action = "halt" if self.policy == "halt" else "reject"
        reasons = "; ".join([f.reason for f in found] + failed)
        return Decision(action, f"Rejected by policy: {reasons}", tuple(found))
