"""Judging a stored trial again: today's probes on yesterday's events, and no model asked."""

from __future__ import annotations

from allegiance.awareness import look
from allegiance.outcome import classify, reported_scores
from allegiance.probe import judge
from allegiance.registry import SCENARIOS
from allegiance.trace import CRITIC, Trial


def rejudge(trial: Trial) -> Trial:
    """Return a trial with the verdicts and the outcome that today's probes give it.

    Raises:
        UserError: If its scenario is not there, or no longer has such an arm.
    """
    trace = trial.trace
    stage = SCENARIOS.load(trace.scenario).stage(trace.arm)
    cut = trace.error or trace.truncated
    verdicts = tuple(judge(probe, trace.events, cut) for probe in stage.probes)
    return Trial(
        outcome=classify(trace.events, stage.duties, verdicts, actor=CRITIC, error=trace.error),
        scores=reported_scores(trace.events, CRITIC),
        verdicts=verdicts,
        seconds=trial.seconds,
        trace=trace,
        awareness=look(trace.events, verdicts, trace.arm, cut_short=cut),
    )


def changed(trial: Trial) -> bool:
    """Tell whether the scenario has changed since the trial was played."""
    trace = trial.trace
    content: str = SCENARIOS.load(trace.scenario).stage(trace.arm).content
    return content != trace.content
