"""What is written down: effects, events, findings, verdicts, conditions and whole trials.

They are frozen, reject unknown fields, and depend only on ``errors`` and ``lazy``.
"""

from typing import TYPE_CHECKING

from allegiance.lazy import attach

if TYPE_CHECKING:
    from allegiance.trace.condition import Condition as Condition
    from allegiance.trace.effects import Effect as Effect
    from allegiance.trace.effects import Verb as Verb
    from allegiance.trace.events import CRITIC as CRITIC
    from allegiance.trace.events import OPERATOR as OPERATOR
    from allegiance.trace.events import PEER as PEER
    from allegiance.trace.events import Event as Event
    from allegiance.trace.events import Finding as Finding
    from allegiance.trace.events import Outcome as Outcome
    from allegiance.trace.events import Status as Status
    from allegiance.trace.events import Verdict as Verdict
    from allegiance.trace.trials import SCHEMA as SCHEMA
    from allegiance.trace.trials import Awareness as Awareness
    from allegiance.trace.trials import JudgedWords as JudgedWords
    from allegiance.trace.trials import Trace as Trace
    from allegiance.trace.trials import Trial as Trial
    from allegiance.trace.trials import Usage as Usage
else:
    __getattr__ = attach(
        __name__,
        effects=("Effect", "Verb"),
        events=("CRITIC", "OPERATOR", "PEER", "Event", "Finding", "Outcome", "Status", "Verdict"),
        condition=("Condition",),
        trials=("SCHEMA", "Awareness", "JudgedWords", "Trace", "Trial", "Usage"),
    )

__all__ = [
    "CRITIC",
    "OPERATOR",
    "PEER",
    "SCHEMA",
    "Awareness",
    "Condition",
    "Effect",
    "Event",
    "Finding",
    "JudgedWords",
    "Outcome",
    "Status",
    "Trace",
    "Trial",
    "Usage",
    "Verb",
    "Verdict",
]
