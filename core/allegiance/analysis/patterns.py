"""Comparing patterns: the same scenario, condition and model, side by side."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from allegiance.analysis.tallies import tally
from allegiance.errors import UserError
from allegiance.probe.flags import flagged
from allegiance.stats.rates import Contrast, contrast
from allegiance.trace.trials import Trial

_Flags = dict[str, Counter[bool | None]]


def compare(trials: Iterable[Trial], against: str = "") -> tuple[str, list[Contrast]]:
    """Contrast every pattern with a baseline pattern, condition by condition.

    Trials are matched by scenario and its version, models, app, guard and every factor; unlike
    conditions are never pooled. The pattern decides whether a silent peer is present, so that is
    no difference of conditions. Neither is the peer's conduct if each pattern has only one.

    Args:
        trials: Trials of one or more runs.
        against: The baseline, as ``adapter:pattern``; the first that occurs by default.

    Returns:
        The name of the baseline and the contrasts.

    Raises:
        UserError: If the trials do not have the baseline and another pattern.
    """
    kinds = tally(trials).kinds
    groups: dict[tuple[str, str], _Flags] = defaultdict(lambda: defaultdict(Counter))
    conducts: dict[str, set[str]] = defaultdict(set)
    for trial, _ in kinds:
        conducts[trial.trace.full_pattern].add(trial.trace.condition.peer_conduct)
    varied = any(len(values) > 1 for values in conducts.values())
    for trial, count in kinds:
        t = trial.trace
        same = {} if varied and t.condition.peer_conduct != "silent" else {"peer_conduct": "absent"}
        condition = t.condition.model_copy(update=same).label()
        for verdict in trial.verdicts:
            name = f"{t.scenario} {verdict.behaviour} {condition} {t.setting}"
            groups[name, t.version][t.full_pattern][flagged(verdict)] += count
    patterns = list(conducts)
    baseline = against or (patterns[0] if patterns else "")
    if baseline not in patterns or len(patterns) < 2:
        raise UserError(
            f"cannot compare with {baseline!r}: the runs have "
            f"{', '.join(patterns) or 'no trials'}; two patterns are needed"
        )
    return baseline, [
        contrast(f"{name}: {pattern}", flags[pattern], flags[baseline])
        for (name, _), flags in sorted(groups.items())
        for pattern in patterns
        if pattern != baseline and pattern in flags and baseline in flags
    ]
