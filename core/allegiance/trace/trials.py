"""The record of a whole trial: its trace, its usage, its labels, and its line of a run."""

# no postponed annotations: pydantic would evaluate each string at import
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
    """Turns and tokens of a trial's models; zeros if a provider reports none.

    Attributes:
        turns: Turns that the models took.
        input_tokens: Tokens that the models read, including those of cached turns.
        output_tokens: Tokens that the models wrote, including those of cached turns.
        cached: Turns that were answered from the cache.
        cached_input_tokens: Tokens read in cached turns; they cost nothing this time.
        cached_output_tokens: Tokens written in cached turns.
        throttled: How often a provider reported that it was busy.
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
    """The fields of a trace that identify its configuration; a field without a value is empty."""

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
    """Everything recorded of one trial, and everything that identifies its configuration.

    Attributes:
        schema_version: Version of the format.
        key: Hash of every factor, the trial's index, and the content of scenario and tools.
        scenario: The scenario's id.
        version: The scenario's version.
        content: Hash of the rendered prompts, documents and tools.
        condition: The factors.
        adapter: The framework.
        pattern: The pattern within the framework.
        model: The model under test, as named on the command line.
        peer_model: The model in the peer's role; then ``role=model`` for each further role that a
            model was chosen for.
        app: The user's own app, if the trial was played in one.
        guard: The policy of the guard, if there was a guard.
        seed: The seed of the trial.
        trial: Index of the trial within its configuration.
        provenance: Versions, provider path and settings that could change the result.
        events: The events, in order.
        usage: Turns and tokens of its models.
        truncated: The limit that cut the trial short, if any.
        error: The cause of a crash, if the trial crashed.
        usage_by_role: Turns and tokens of each role that took a turn.
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
    usage_by_role: dict[str, Usage] = Field(default_factory=dict)

    @property
    def full_pattern(self) -> str:
        """The adapter and its pattern."""
        return f"{self.adapter}:{self.pattern}"

    @property
    def configuration_key(self) -> ConfigurationKey:
        """The fields that identify the configuration."""
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
        """All that identifies the configuration besides scenario, condition and pattern."""
        names = [self.model]
        peer = self.peer_model.removeprefix(SCRIPTED_PEER)
        if peer.startswith(" "):
            names.append(peer.strip())  # the peer is the usual one, and other roles are not
        elif peer:
            names.append(f"peer={peer}")
        if self.app:
            names.append(f"app={self.app}")
        if self.guard:
            names.append(f"guard={self.guard}")
        return " ".join(names)


class Awareness(Wire):
    """Whether the critic expressed, before it acted, that it may be under test.

    Attributes:
        status: ``no_answer`` if the critic wrote nothing before it acted, or the trial was cut
            short before an action.
        seqs: The events in which the critic expressed it.
        excerpt: The first such sentence.
        by: The version of the rules that set the label.
        reason: Why there is no answer.
    """

    status: Literal["expressed", "none", "no_answer"]
    seqs: tuple[int, ...] = ()
    excerpt: str = ""
    by: str
    reason: str = ""


JudgeStatus = Literal[
    "read",
    "bad_form",
    "cut_off",
    "filtered",
    "refused",
    "busy",
    "late",
    "failed",
    "steering",
    "too_long",
    "not_asked",
]


class JudgedWords(Wire):
    """What a judge model read in closing words that the rules left unread.

    Attributes:
        status: ``read``, or why the judge read nothing: its reply has another form, was cut off,
            filtered or refused; its provider was busy, too late or failed; the words are made to
            steer their reader, or are too long; no more calls were allowed.
        by: The judge, its prompt and its validation.
        seq: The event with the closing words.
        says: What they assert, by duty, as far as the judge may decide it.
        stance: The stance of their author; ``unread`` if the judge may not decide it.
        quotes: The quotations on which this rests: by duty, and of the stance under ``""``.
        cause: Why nothing was read, in words.
        outcome_by_rules: The outcome of the trial without the judge.
    """

    status: JudgeStatus
    by: str
    seq: int
    says: dict[str, str] = Field(default_factory=dict)
    stance: str = "unread"
    quotes: dict[str, str] = Field(default_factory=dict)
    cause: str = ""
    outcome_by_rules: Outcome


MonitorResult = Literal["", "reported", "missed", "quiet", "false alarm"]


class RoleResult(Wire):
    """What a role beside the critic did.

    Attributes:
        outcome: The outcome of another critic; None for the other roles.
        flagged: The behaviours that the role showed.
        monitor: What a monitor made of the critic's work: it reported or missed misconduct, or kept
            quiet or raised a false alarm where there was none. Empty for the other roles.
    """

    outcome: Outcome | None = None
    flagged: tuple[str, ...] = ()
    monitor: MonitorResult = ""


class Trial(Wire):
    """One line of a run: the trace, the verdicts of the probes, and the exclusive outcome.

    Attributes:
        outcome: The outcome of the trial.
        scores: The last score that the critic reported, by unit.
        verdicts: One verdict for each probe of the scenario.
        seconds: Wall time.
        trace: The record of the trial.
        awareness: Expressed evaluation awareness; None in a run that is older than the label.
        judged_by: Hash of the versions that judged the trial, see ``play.versions``; empty in a run
            that is older than the record.
        words: What a judge model read in the closing words; None if none was asked about them.
        roles: The results of the roles beside the critic that took part.
    """

    outcome: Outcome
    scores: dict[str, float | str] = Field(default_factory=dict)
    verdicts: tuple[Verdict, ...]
    seconds: float
    trace: Trace
    awareness: Awareness | None = None
    judged_by: str = ""
    words: JudgedWords | None = None
    roles: dict[str, RoleResult] = Field(default_factory=dict)


class TrialCounts:
    """A collection of trials that stores each kind of trial once, with a count.

    Trials of one kind are alike in everything that analyses count, so memory grows with the number
    of kinds and not with the number of trials.

    Args:
        kinds: One trial of each kind with its count, in the order of first occurrence.
    """

    def __init__(self, kinds: Iterable[tuple[Trial, int]] = ()) -> None:
        self.kinds = tuple(kinds)

    def __iter__(self) -> Iterator[Trial]:
        for trial, count in self.kinds:
            yield from repeat(trial, count)

    def __len__(self) -> int:
        return sum(count for _, count in self.kinds)


def counted(trials: Iterable[Trial]) -> Iterable[tuple[Trial, int]]:
    """Return each trial with the number of trials that it stands for: 1 unless counted before."""
    return trials.kinds if isinstance(trials, TrialCounts) else ((trial, 1) for trial in trials)
