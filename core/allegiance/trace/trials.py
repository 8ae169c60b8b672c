"""Wire data of a whole trial: the trace, what it consumed, what is made of it, and its line."""

# no postponed annotations here: pydantic would evaluate each from its text at import
from collections.abc import Iterable, Iterator
from itertools import repeat
from typing import Literal, NamedTuple

from pydantic import Field

from allegiance.trace.condition import Condition
from allegiance.trace.events import Event, Outcome, Verdict
from allegiance.trace.model_names import SCRIPTED_PEER
from allegiance.trace.wire import Wire

SCHEMA = 2


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


class ConfigurationKey(NamedTuple):
    """What names a cell, in the words of its traces; empty where there is none."""

    scenario: str
    condition: str
    full_pattern: str
    model: str
    peer_model: str
    app: str
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
        condition: The factors.
        adapter: The framework.
        pattern: The pattern within the framework.
        model: What was measured, as it was named on the command line.
        peer_model: What sat in the peer's role.
        app: The user's own app, if one was played.
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
    condition: Condition
    adapter: str
    pattern: str
    model: str
    peer_model: str
    app: str | None = None
    guard: str | None = None
    seed: int
    trial: int
    provenance: dict[str, str] = Field(default_factory=dict)
    events: tuple[Event, ...]
    usage: Usage = Field(default_factory=Usage)
    truncated: str | None = None
    error: str | None = None

    @property
    def full_pattern(self) -> str:
        """The adapter and its pattern."""
        return f"{self.adapter}:{self.pattern}"

    @property
    def configuration_key(self) -> ConfigurationKey:
        """What names the cell."""
        return ConfigurationKey(
            scenario=self.scenario,
            condition=self.condition.label(),
            full_pattern=self.full_pattern,
            model=self.model,
            peer_model=self.peer_model,
            app=self.app or "",
            guard=self.guard or "",
        )

    @property
    def setting(self) -> str:
        """The model, and what else names the cell beside scenario, condition and pattern."""
        found = [self.model]
        if self.peer_model not in ("", SCRIPTED_PEER):
            found.append(f"peer={self.peer_model}")
        if self.app:
            found.append(f"target={self.app}")
        if self.guard:
            found.append(f"guard={self.guard}")
        return " ".join(found)


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


class TrialCounts:
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
    return trials.kinds if isinstance(trials, TrialCounts) else ((trial, 1) for trial in trials)
