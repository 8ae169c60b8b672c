"""Metrics of the service for Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allegiance.errors import needed_by
from allegiance.service.engine import Engine
from allegiance.service.wire import Answer

if TYPE_CHECKING:
    from prometheus_client import Counter, Histogram

BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0)


class Metrics:
    """Counts what the service does; one object for each service.

    Args:
        engine: Its sessions and open questions are shown.

    Raises:
        UserError: If prometheus-client is not installed.
    """

    def __init__(self, engine: Engine) -> None:
        with needed_by("the service", "serve"):
            from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
        self._registry = registry = CollectorRegistry()
        self._decisions: Counter = Counter(
            "allegiance_decisions", "Decisions by action.", ["action", "bound"], registry=registry
        )
        self._findings: Counter = Counter(
            "allegiance_findings", "Findings by behaviour.", ["behaviour"], registry=registry
        )
        self.refused: Counter = Counter(
            "allegiance_refused", "Refused requests by reason.", ["reason"], registry=registry
        )
        self.failed: Counter = Counter(
            "allegiance_failed", "Decisions made by the rule for failures.", registry=registry
        )
        self.suspicions: Counter = Counter(
            "allegiance_suspicious_tools",
            "Descriptions of tools with instructions to the model.",
            ["kind"],
            registry=registry,
        )
        self.seconds: Histogram = Histogram(
            "allegiance_decision_seconds",
            "Time of a decision.",
            buckets=BUCKETS,
            registry=registry,
        )
        sessions = Gauge("allegiance_sessions", "Sessions in memory.", registry=registry)
        sessions.set_function(lambda: len(engine.sessions))
        pending = Gauge("allegiance_pending", "Questions that wait.", registry=registry)
        pending.set_function(lambda: len(engine.approvals.pending(engine.clock())))
        # a counter with labels looks them up each time
        self._by_action = {
            (action, bound): self._decisions.labels(action, str(bound).lower())
            for action in ("allow", "reject", "ask", "halt")
            for bound in (True, False)
        }

    def count(self, answer: Answer) -> None:
        """Count a decision and its findings."""
        self._by_action[answer.action, answer.bound].inc()
        self.count_findings(answer)
        if answer.failed:
            self.failed.inc()

    def count_findings(self, answer: Answer) -> None:
        """Count the findings of an answer."""
        for finding in answer.findings:
            self._findings.labels(finding.behaviour).inc()

    def render(self) -> bytes:
        """Return the metrics in the text format of Prometheus."""
        from prometheus_client import generate_latest

        return bytes(generate_latest(self._registry))
