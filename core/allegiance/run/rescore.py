"""Judging stored trials again with the installed probes, without a model."""

from __future__ import annotations

from pathlib import Path

from allegiance.errors import UserError
from allegiance.play.judgement import judge_events
from allegiance.registry import SCENARIOS
from allegiance.store.manifest import read_manifest
from allegiance.store.writer import read, whole_run
from allegiance.trace.trials import Trial


def rescore(folder: Path, out: Path) -> tuple[int, int]:
    """Judge the trials of a run again with the installed probes, without a model call.

    Args:
        folder: The run.
        out: The new run.

    Returns:
        The number of trials, and the number of those with a changed outcome.

    Raises:
        UserError: If the run cannot be read, or a scenario is not installed. Readable trials of a
            damaged run are judged and written first.
    """
    run = read(folder)
    trials = different = 0
    with whole_run(out, read_manifest(folder, base_url="")) as store:
        for trial in run.trials:
            again = rejudge(trial)
            trials += 1
            different += again.outcome != trial.outcome
            store.append(again)
    if run.problems:
        raise UserError(
            f"{str(folder)!r} is damaged: {run.problems[0]}; {str(out)!r} holds the other {trials} "
            f"trials, judged again; the outcome of {different} has changed"
        )
    return trials, different


def rejudge(trial: Trial) -> Trial:
    """Return a trial with the verdicts and the outcome of the installed probes.

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
