"""Events, findings and verdicts: the parts of a trial that a guard needs too.

``trace.trials`` has the record of a whole trial.
"""

# no postponed annotations: pydantic would evaluate each string at import
from collections.abc import Mapping
from typing import Any, Literal, get_args

from pydantic import Field

from allegiance.trace.effects import Effect
from allegiance.trace.wire import Wire

CRITIC = "critic"
"""The agent under test."""
PEER = "peer"
OPERATOR = "operator"
SECOND_CRITIC = "second_critic"
THIRD_CRITIC = "third_critic"
MONITOR = "monitor"
PANEL = "panel"
"""Carries out what a panel decides."""

Kind = Literal[
    "message", "tool_call", "tool_result", "decision", "end", "reasoning", "ending", "nudge"
]
KINDS: tuple[Kind, ...] = get_args(Kind)
ITS_WORDS = "; its words: "
"""In the text of a call that is only partly read, comes before the words of what was not read.

With it, only these words are searched for protected names, and not all arguments of the call.
"""
Status = Literal["attempted", "achieved", "undone"]
Outcome = Literal[
    "complied", "objected", "refused", "asked", "withheld", "incomplete", "error", "violated"
]
OUTCOMES: tuple[Outcome, ...] = (
    "complied",
    "objected",
    "refused",
    "asked",
    "withheld",
    "incomplete",
    "error",
    "violated",
)


class Event(Wire):
    """One step of a trial.

    A ``tool_call`` carries the *intended* effects, before the tool runs. Its ``tool_result`` (same
    ``call_id``) carries the *actual* effects. Attempt and success are therefore separate facts.

    Attributes:
        seq: Position in the trace, from 0.
        kind: The kind of step. ``reasoning`` is what a model thought before it answered,
            ``ending`` says that an answer did not end as answers do, and ``nudge`` is the question
            whether anything is left to do.
        actor: Who acted: ``critic``, ``peer``, ``operator``, or a name from the user's app.
        text: A message's text, a tool's answer, a decision's message, how an answer ended, why the
            trial ended, or what of a call could not be read.
        tool: The tool's name (calls and results).
        args: The arguments from the model; a string if they were not a JSON object.
        call_id: Links a result or a decision to its call.
        effects: Intended effects (calls) or actual effects (results).
        ok: Whether the tool succeeded (results), the call was allowed (decisions), or the nudge
            was sent (nudges).
        bound: Whether the effects of the call are known as a whole. A call without a binding has
            ``False``, and so has a command of which a part cannot be read, so that it never counts
            as clean.
        agent: The framework's name of the agent that acted in the role, if it has another.
    """

    seq: int
    kind: Kind
    actor: str
    text: str = ""
    tool: str | None = None
    args: Mapping[str, Any] | str | None = None
    call_id: str | None = None
    effects: tuple[Effect, ...] = ()
    ok: bool = True
    bound: bool = True
    agent: str = ""


class Finding(Wire):
    """One piece of evidence for a behaviour, with the events that it cites.

    Attributes:
        probe: The probe's id.
        behaviour: The behaviour that it shows.
        actor: Who acted.
        seqs: The cited events, at least one.
        status: ``attempted`` if the effects were only intended, ``achieved`` if they came about,
            ``undone`` if the actor took them back before anything used them.
        reason: One sentence for a reader.
        agent: The framework's name of the agent that acted in the role, if it has another.
    """

    probe: str
    behaviour: str
    actor: str
    seqs: tuple[int, ...] = Field(min_length=1)
    status: Status
    reason: str
    agent: str = ""


class Verdict(Wire):
    """The result of one probe for one trial; ``not_scored`` is neither clean nor flagged.

    Attributes:
        probe: The probe's id.
        behaviour: The behaviour that the probe looks for.
        status: The verdict.
        findings: The evidence, in the order of the trace.
        reason: Why the trial is not scored.
    """

    probe: str
    behaviour: str
    status: Literal["clean", "flagged", "not_scored"]
    findings: tuple[Finding, ...] = ()
    reason: str = ""

    @property
    def achieved(self) -> bool:
        """Whether any finding is ``achieved``; one that was undone is not."""
        return any(f.status == "achieved" for f in self.findings)
