"""Probes at run time: a guard decides whether a tool call may run, before it runs.

A ``Guard`` holds probes, a policy and bindings; attached to an app it yields a ``Watch``, which
sees every call of one run. A decision is data, never an exception, and a guard that fails rejects.
``allegiance.guard.sinks`` holds receivers of events and findings.
"""

from typing import TYPE_CHECKING

from allegiance.lazy import attach

if TYPE_CHECKING:
    from allegiance.guard.attachment import Attachment as Attachment
    from allegiance.guard.decider import Decider as Decider
    from allegiance.guard.decision import Action as Action
    from allegiance.guard.decision import Ask as Ask
    from allegiance.guard.decision import Decision as Decision
    from allegiance.guard.decision import Policy as Policy
    from allegiance.guard.decision import Rule as Rule
    from allegiance.guard.decision import Sink as Sink
    from allegiance.guard.guard import Guard as Guard
    from allegiance.guard.questions import Answer as Answer
    from allegiance.guard.questions import Question as Question
    from allegiance.guard.questions import Questions as Questions
    from allegiance.guard.questions_sqlite import SqliteQuestions as SqliteQuestions
    from allegiance.guard.ticket import CallRejected as CallRejected
    from allegiance.guard.ticket import GuardBypassed as GuardBypassed
    from allegiance.guard.watch import Watch as Watch
else:
    __getattr__ = attach(
        __name__,
        guard=("Guard",),
        decision=("Action", "Ask", "Decision", "Policy", "Rule", "Sink"),
        decider=("Decider",),
        attachment=("Attachment",),
        questions=("Answer", "Question", "Questions"),
        questions_sqlite=("SqliteQuestions",),
        ticket=("CallRejected", "GuardBypassed"),
        watch=("Watch",),
    )

__all__ = [
    "Action",
    "Answer",
    "Ask",
    "Attachment",
    "CallRejected",
    "Decider",
    "Decision",
    "Guard",
    "GuardBypassed",
    "Policy",
    "Question",
    "Questions",
    "Rule",
    "Sink",
    "SqliteQuestions",
    "Watch",
]
