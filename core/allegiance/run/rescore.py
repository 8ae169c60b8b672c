"""Judging stored trials again with the installed probes, without a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from allegiance.errors import UserError
from allegiance.play.judgement import judge_events
from allegiance.play.versions import version_of, versions_of
from allegiance.registry import SCENARIOS
from allegiance.scenario.stage import Stage
from allegiance.statements.reader import read as read_words
from allegiance.statements.second_reader import Reader
from allegiance.store.judges import JUDGE, changed_parts, shown
from allegiance.store.manifest import read_manifest
from allegiance.store.writer import read, whole_run
from allegiance.trace.condition import Condition
from allegiance.trace.redact import REDACTED
from allegiance.trace.trials import Trial

Rejudge = Callable[[Trial], Trial]


@dataclass
class Rescored:
    """What became of a run that was judged again.

    Attributes:
        trials: The number of trials.
        verdicts: The number of verdicts whose status has changed, or that are new or gone.
        outcomes: The number of trials with another outcome.
        before: The versions that judged the old run, by scenario; empty strings where a trial does
            not say it.
        now: The version that judged the new run, by scenario.
        parts: The parts whose versions differ, if both runs name them.
    """

    trials: int = 0
    verdicts: int = 0
    outcomes: int = 0
    before: dict[str, set[str]] = field(default_factory=dict)
    now: dict[str, str] = field(default_factory=dict)
    parts: tuple[str, ...] = ()

    def note(self, old: Trial, new: Trial) -> None:
        """Count a trial."""
        self.trials += 1
        self.outcomes += new.outcome != old.outcome
        self.verdicts += len({p for p, _ in _statuses(old) ^ _statuses(new)})
        self.before.setdefault(old.trace.scenario, set()).add(old.judged_by)
        self.now[new.trace.scenario] = new.judged_by

    def lines(self) -> Iterator[str]:
        """Yield what has changed, and from which version to which, as lines for a reader."""
        changed = f"the outcome of {self.outcomes} has changed"
        yield f"{changed}, and the status of {self.verdicts} verdicts"
        for scenario, now in sorted(self.now.items()):
            before = " and ".join(map(shown, sorted(self.before[scenario])))
            changed_to = "" if self.before[scenario] == {now} else f" before, now by {shown(now)}"
            yield f"{scenario}: judged by {before}{changed_to or ', as before'}"
        if self.parts:
            yield f"changed since: {', '.join(self.parts)}"


def _statuses(trial: Trial) -> set[tuple[str, tuple[str, bool]]]:
    return {(v.probe, (v.status, v.achieved)) for v in trial.verdicts}


def rescore(folder: Path, out: Path, again: Rejudge | None = None, *, judge: str = "") -> Rescored:
    """Judge the trials of a run again with the installed probes, without a model call.

    Args:
        folder: The run.
        out: The new run.
        again: Judges a trial again; ``rejudge`` by default.
        judge: The judge model that ``again`` asks, as the run names it; empty for none.

    Raises:
        UserError: If the run cannot be read, or a scenario is not installed. Readable trials of a
            damaged run are judged and written first.
    """
    again = again or rejudge
    run = read(folder)
    manifest = read_manifest(folder, base_url=REDACTED)
    versions = versions_of(*(_stage(c.scenario, c.condition) for c in manifest.configurations))
    if judge:
        versions[JUDGE] = judge
    result = Rescored(parts=changed_parts(run.manifest, {"judged_by": versions}))
    with whole_run(out, manifest.model_copy(update={"judged_by": versions})) as store:
        for trial in run.trials:
            judged = again(trial)
            result.note(trial, judged)
            store.append(judged)
    if run.problems:
        raise UserError(
            f"{str(folder)!r} is damaged: {run.problems[0]}; {str(out)!r} holds the other "
            f"{result.trials} trials, judged again: {next(result.lines())}"
        )
    return result


def rejudge(trial: Trial, reader: Reader = read_words, *, judge: str = "") -> Trial:
    """Return a trial with the verdicts and the outcome of the installed probes.

    Args:
        trial: The trial.
        reader: Reads what agents say; the rules by default.
        judge: The judge model that belongs to the reader; it is a part of what judged the trial.

    Raises:
        UserError: If its scenario is not installed or no longer has its condition.
    """
    trace = trial.trace
    stage = _stage(trace.scenario, trace.condition)
    judgement = judge_events(
        trace.events,
        stage,
        error=trace.error,
        truncated=trace.truncated,
        turns=trace.usage.turns,
        notes=trace.provenance,
        usage=trace.usage_by_role,
        reader=reader,
    )
    return Trial(
        outcome=judgement.outcome,
        scores=judgement.scores,
        verdicts=judgement.verdicts,
        seconds=trial.seconds,
        trace=trace,
        awareness=judgement.awareness,
        roles=judgement.roles,
        judged_by=version_of({**versions_of(stage), **({JUDGE: judge} if judge else {})}),
    )


def changed(trial: Trial) -> bool:
    """Return whether the scenario has changed since the trial was played."""
    trace = trial.trace
    return _stage(trace.scenario, trace.condition).content != trace.content


def _stage(scenario: str, condition: Condition) -> Stage:
    stage: Stage = SCENARIOS.load(scenario).stage(condition)
    return stage
