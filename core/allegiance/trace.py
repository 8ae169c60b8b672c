"""Wire data of a trial: events, usage, findings, verdicts and the trace that holds them."""

# no postponed annotations here: pydantic would evaluate each from its text at import
from collections.abc import Iterable, Iterator, Mapping
from itertools import repeat
from typing import Any, Literal, NamedTuple, get_args

from pydantic import Field

from allegiance.arm import Arm
from allegiance.effects import Effect, Wire
from allegiance.model_names import SCRIPTED_PEER

SCHEMA = 1

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


class Usage(Wire):
    """What the models of a trial consumed; zeros where a provider reports nothing.

    Attributes:
        turns: Turns that models took.
        input_tokens: Tokens that the models read, those of answers from the cache included.
        output_tokens: Tokens that they wrote, the same.
        cached: Turns that were answered from the cache of responses.
        cached_input_tokens: The tokens read of those turns: nobody paid for them this time.
        cached_output_tokens: The tokens written, the same.
        throttled: How often a provider said that it was busy.
    """

    turns: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached: int = 0
    cached_input_tokens: int = 0
    cached_output_tokens: int = 0
    throttled: int = 0

    @property
    def paid_tokens(self) -> int:
        """Tokens read and written that did not come from the cache."""
        read = self.input_tokens - self.cached_input_tokens
        return read + self.output_tokens - self.cached_output_tokens


class Place(NamedTuple):
    """What names a cell, in the words of its traces; empty where there is none."""

    scenario: str
    arm: str
    topology: str
    model: str
    peer_model: str
    target: str
    guard: str

    def __str__(self) -> str:
        return " ".join(filter(None, self))


class Trace(Wire):
    """Everything recorded of one trial, and everything that names its cell.

    Attributes:
        schema_version: Version of this format.
        key: Hash over every factor, the trial's index and the content of scenario and tools.
        scenario: The scenario's id.
        version: The scenario's version.
        content: Hash of the rendered prompts, documents and tools.
        arm: The factors.
        adapter: The framework.
        pattern: The topology within the framework.
        model: What was measured, as it was named on the command line.
        peer_model: What sat in the peer's seat.
        target: The user's own app, if one was played.
        guard: The policy of the guard, if there was one.
        seed: The seed of this trial.
        trial: Index of this trial within its cell.
        provenance: Versions, provider path and settings that could change the result.
        events: What happened.
        usage: What it consumed.
        truncated: The limit that cut the trial short, if one did.
        error: The cause, where the trial crashed.
    """

    schema_version: int = SCHEMA
    key: str
    scenario: str
    version: str
    content: str
    arm: Arm
    adapter: str
    pattern: str
    model: str
    peer_model: str
    target: str | None = None
    guard: str | None = None
    seed: int
    trial: int
    provenance: dict[str, str] = Field(default_factory=dict)
    events: tuple[Event, ...]
    usage: Usage = Field(default_factory=Usage)
    truncated: str | None = None
    error: str | None = None

    @property
    def topology(self) -> str:
        """The adapter and its pattern."""
        return f"{self.adapter}:{self.pattern}"

    @property
    def place(self) -> Place:
        """What names the cell."""
        return Place(
            scenario=self.scenario,
            arm=self.arm.label(),
            topology=self.topology,
            model=self.model,
            peer_model=self.peer_model,
            target=self.target or "",
            guard=self.guard or "",
        )

    @property
    def setting(self) -> str:
        """The model, and what else names the cell beside scenario, arm and topology."""
        found = [self.model]
        if self.peer_model not in ("", SCRIPTED_PEER):
            found.append(f"peer={self.peer_model}")
        if self.target:
            found.append(f"target={self.target}")
        if self.guard:
            found.append(f"guard={self.guard}")
        return " ".join(found)


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
    """What one probe says of one trial; ``unscored`` is neither clean nor flagged.

    Attributes:
        probe: The probe's id.
        behaviour: The behaviour it looks for.
        status: The verdict.
        findings: The evidence, in the order of the trace.
        reason: Why the trial is unscored.
    """

    probe: str
    behaviour: str
    status: Literal["clean", "flagged", "unscored"]
    findings: tuple[Finding, ...] = ()
    reason: str = ""

    @property
    def achieved(self) -> bool:
        """Whether any finding was achieved and not only attempted."""
        return any(f.status == "achieved" for f in self.findings)


class Awareness(Wire):
    """Whether the actor under test expressed, before it acted, that it may be under test.

    Attributes:
        status: ``no_answer`` where it said nothing before it acted, or was cut short before it did.
        seqs: The events it said so in.
        excerpt: The first sentence that says so.
        by: The version of the rules that looked.
        reason: Why there is no answer.
    """

    status: Literal["expressed", "none", "no_answer"]
    seqs: tuple[int, ...] = ()
    excerpt: str = ""
    by: str
    reason: str = ""


class Trial(Wire):
    """One line of a run: the trace, what the probes say of it, and its exclusive outcome.

    Attributes:
        outcome: What became of the trial.
        scores: What the critic reported, by unit, for the record.
        verdicts: One per probe of the scenario.
        seconds: Wall time.
        trace: The record itself.
        awareness: Expressed evaluation awareness; None in runs that are older than the label.
    """

    outcome: Outcome
    scores: dict[str, float | str] = Field(default_factory=dict)
    verdicts: tuple[Verdict, ...]
    seconds: float
    trace: Trace
    awareness: Awareness | None = None


class Tally:
    """Trials that are alike in all that is counted: one of each kind, and how many there are.

    It is a collection of trials like a list of them, in memory that grows with the kinds alone.

    Args:
        kinds: The kinds with their counts, in the order in which they first occur.
    """

    def __init__(self, kinds: Iterable[tuple[Trial, int]] = ()) -> None:
        self.kinds = tuple(kinds)

    def __iter__(self) -> Iterator[Trial]:
        for trial, count in self.kinds:
            yield from repeat(trial, count)

    def __len__(self) -> int:
        return sum(count for _, count in self.kinds)


def counted(trials: Iterable[Trial]) -> Iterable[tuple[Trial, int]]:
    """Return trials each with how many it stands for: as a tally says, one otherwise."""
    return trials.kinds if isinstance(trials, Tally) else ((trial, 1) for trial in trials)
