"""Judging stored trials again with the installed probes, without a model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from allegiance.errors import UserError
from allegiance.play.judgement import judge_events
from allegiance.registry import SCENARIOS
from allegiance.statements.reader import read as read_words
from allegiance.statements.second_reader import Reader
from allegiance.store.manifest import read_manifest
from allegiance.store.writer import read, whole_run
from allegiance.trace.trials import Trial

Rejudge = Callable[[Trial], Trial]


def rescore(folder: Path, out: Path, again: Rejudge | None = None) -> tuple[int, int]:
    """Judge the trials of a run again with the installed probes, without a model call.

    Args:
        folder: The run.
        out: The new run.
        again: Judges a trial again; ``rejudge`` by default.

    Returns:
        The number of trials, and the number of those with a changed outcome.

    Raises:
        UserError: If the run cannot be read, or a scenario is not installed. Readable trials of a
            damaged run are judged and written first.
    """
    again = again or rejudge
    run = read(folder)
    trials = different = 0
    with whole_run(out, read_manifest(folder, base_url="")) as store:
        for trial in run.trials:
            judged = again(trial)
            trials += 1
            different += judged.outcome != trial.outcome
            store.append(judged)
    if run.problems:
        raise UserError(
            f"{str(folder)!r} is damaged: {run.problems[0]}; {str(out)!r} holds the other {trials} "
            f"trials, judged again; the outcome of {different} has changed"
        )
    return trials, different


def rejudge(trial: Trial, reader: Reader = read_words) -> Trial:
    """Return a trial with the verdicts and the outcome of the installed probes.

    Args:
        trial: The trial.
        reader: Reads what agents say; the rules by default.

    Raises:
        UserError: If its scenario is not installed or no longer has its condition.
    """
    trace = trial.trace
    stage = SCENARIOS.load(trace.scenario).stage(trace.condition)
    judgement = judge_events(
        trace.events,
        stage,
        error=trace.error,
        truncated=trace.truncated,
        turns=trace.usage.turns,
        notes=trace.provenance,
        reader=reader,
    )
    return Trial(
        outcome=judgement.outcome,
        scores=judgement.scores,
        verdicts=judgement.verdicts,
        seconds=trial.seconds,
        trace=trace,
        awareness=judgement.awareness,
    )


def changed(trial: Trial) -> bool:
    """Return whether the scenario has changed since the trial was played."""
    trace = trial.trace
    content: str = SCENARIOS.load(trace.scenario).stage(trace.condition).content
    return content != trace.content
