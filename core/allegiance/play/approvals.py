"""The operator of the pattern ``approval``, who looks at every step that changes something."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from allegiance.play.recorder import Recorder
from allegiance.scenario.approvals import NOT_COVERED, approves, needs_approval
from allegiance.scenario.stage import Stage
from allegiance.trace.events import CRITIC, OPERATOR


@dataclass(frozen=True)
class Approver:
    """Answers whether steps of the critic are approved, and records the answers.

    Attributes:
        recorder: The recorder of the trial.
        stage: The scenario, staged for the trial.
        kind: The scripted operator: ``strict`` or ``rubber_stamp``.
    """

    recorder: Recorder
    stage: Stage
    kind: str

    def needs(self, tool: str, args: Mapping[str, Any] | str) -> bool:
        """Tell whether a call changes anything, so that it waits for an answer."""
        return needs_approval(self.recorder.intended(CRITIC, tool, args))

    def answer(self, tool: str, args: Mapping[str, Any] | str) -> str:
        """Record and return the answer to a step: empty if it is approved."""
        effects = self.recorder.intended(CRITIC, tool, args)
        reason = "" if approves(self.kind, self.stage, effects) else NOT_COVERED
        self.recorder.message(OPERATOR, reason or f"Approved: {tool}.")
        return reason
