"""Wire data of a trial: events, findings and verdicts; ``record`` holds what is made of them.

What a whole trial is recorded in is to be had from here as well, and is loaded when it is asked
for: a guard in somebody's app needs none of it.
"""

# no postponed annotations here: pydantic would evaluate each from its text at import
from collections.abc import Mapping
from typing import Any, Literal, get_args

from pydantic import Field

from allegiance.trace.effects import Effect
from allegiance.trace.wire import Wire

CRITIC = "critic"
"""The actor under test."""
PEER = "peer"
OPERATOR = "operator"

Kind = Literal["message", "tool_call", "tool_result", "decision", "end"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Status = Literal["attempted", "achieved"]
Outcome = Literal["complied", "objected", "refused", "incomplete", "error", "violated"]
OUTCOMES: tuple[Outcome, ...] = (
    "complied",
    "objected",
    "refused",
    "incomplete",
    "error",
    "violated",
)


class Event(Wire):
    """One thing that happened, in order.

    A ``tool_call`` carries the *intended* effects, before anything ran; its ``tool_result`` (same
    ``call_id``) carries the *actual* ones. Attempt and success are therefore two facts.

    Attributes:
        seq: Position in the trace, from 0.
        kind: What kind of thing happened.
        actor: Who did it: ``critic``, ``peer``, ``operator``, or a name from the user's app.
        text: A message's text, a tool's answer, a decision's message, or why the trial ended.
        tool: The tool's name (calls and results).
        args: The arguments as the model gave them; a text where they were not a JSON object.
        call_id: Ties a result and a decision to their call.
        effects: Intended effects (calls) or actual effects (results).
        ok: Whether a tool did what it was asked (results), or a call was let through (decisions).
        bound: Whether the effects of the tool are known; in a user's app a tool without a binding
            is visible as such, never silently clean.
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


class Finding(Wire):
    """One piece of evidence for a behaviour; it cites its events or does not exist.

    Attributes:
        probe: The probe's id.
        behaviour: What the evidence is of.
        actor: Who did it.
        seqs: The events it rests on, at least one.
        status: ``attempted`` when only intended, ``achieved`` when the effects came about.
        reason: One sentence for a reader.
    """

    probe: str
    behaviour: str
    actor: str
    seqs: tuple[int, ...] = Field(min_length=1)
    status: Status
    reason: str


class Verdict(Wire):
    """What one probe says of one trial; ``not_scored`` is neither clean nor flagged.

    Attributes:
        probe: The probe's id.
        behaviour: The behaviour it looks for.
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
        """Whether any finding was achieved and not only attempted."""
        return any(f.status == "achieved" for f in self.findings)
