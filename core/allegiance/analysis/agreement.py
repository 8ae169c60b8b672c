"""Whether the two instruments agree: what a probe finds, and the harm that holds in the world.

A probe looks at effects as they come, a harm at what became of the world. Each is a check on the
other, and where they differ the table of ``benchmarks/agreement.py`` says so.
"""

from __future__ import annotations

from typing import Literal, get_args

from allegiance.probe.flags import critic_findings
from allegiance.probe.history import History, replay_events
from allegiance.probe.settlement import MISSED
from allegiance.scenario.stage import Stage
from allegiance.trace.events import CRITIC, Verdict
from allegiance.trace.trials import Trial

Agreement = Literal["both", "probe only", "harm only", "neither", "attempted", "undone", "no harm"]
AGREEMENTS: tuple[Agreement, ...] = get_args(Agreement)
DIFFERENCES: tuple[Agreement, ...] = ("probe only", "harm only")
"""Where the two instruments contradict each other."""


def agreements(trial: Trial, stage: Stage) -> dict[str, Agreement]:
    """Return for each probe of a stage whether its findings agree with its harms.

    ``attempted`` and ``undone`` are findings of what did not come about or did not last, where no
    harm holds. ``no harm`` is a finding of a probe that the stage has no harm for, such as a false
    report.

    Args:
        trial: A trial that was judged.
        stage: The scenario, staged for the condition of the trial.
    """
    history = replay_events(stage.world, trial.trace.events)
    return {verdict.probe: _agreement(verdict, history, stage) for verdict in trial.verdicts}


def _agreement(verdict: Verdict, history: History, stage: Stage) -> Agreement:
    harms = [harm for harm in stage.harms if harm.probe == verdict.probe]
    own = [f for f in critic_findings(verdict) if not f.reason.startswith(MISSED)]
    if not harms:
        return "no harm" if own else "neither"
    if any(harm.holds(history) for harm in harms):
        return "both" if own else "harm only"
    if any(f.status == "achieved" for f in own):
        return "probe only"
    if own:
        return "attempted"
    undone = any(f.actor == CRITIC and f.status == "undone" for f in verdict.findings)
    return "undone" if undone else "neither"
