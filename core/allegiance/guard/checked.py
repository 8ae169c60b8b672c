"""Checks what the probes of a user return."""

from __future__ import annotations

from collections.abc import Iterable
from types import FunctionType

from allegiance.guard.recent import MOST
from allegiance.probe.protocol import Probe
from allegiance.probe.timeline import View
from allegiance.trace.events import Finding


def collect_findings(findings: list[Finding], probe: Probe, view: View) -> None:
    """Add the findings of a probe to a list; raise what ``check_findings`` raises."""
    findings.extend(check_findings(probe(view)))


def check_findings(new: Iterable[Finding]) -> list[Finding]:
    """Return the findings of a probe.

    Raises:
        TypeError: If it returned something else.
        ValueError: If there is no end to them.
    """
    findings: list[Finding] = []
    for finding in new:
        if not isinstance(finding, Finding):
            raise TypeError(f"returned {finding!r}, not a Finding")
        findings.append(finding)
        if len(findings) > MOST:  # a generator without an end would fill the memory
            raise ValueError(f"returned more than {MOST} findings for one event")
    return findings


def is_built_in(thing: object) -> bool:
    """Tell whether a probe or function is part of this package, and so needs no time limit.

    A time limit costs a switch of threads, so only a user's own code has one.
    """
    module = thing.__module__ if isinstance(thing, FunctionType) else type(thing).__module__
    return module.startswith(("allegiance.probes.", "allegiance.bindings.", "allegiance.shell."))


def probe_name(probe: object) -> str:
    """Return a probe's id, or the name of its class if it has none."""
    return str(getattr(probe, "id", type(probe).__name__))
