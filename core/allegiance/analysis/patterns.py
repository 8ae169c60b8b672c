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
    """Contrast every adapter:pattern with one of them, cell by cell.

    Trials are matched by scenario and its version, models, target, guard and every factor; unlike
    cells are never pooled. Whether a silent peer is there at all is the pattern's doing and no
    difference, and so is the peer's conduct where each pattern was run with only one.

    Args:
        trials: Trials of one or more runs.
        against: The pattern the others are compared with; the first that occurs by default.

    Returns:
        The baseline's name and the contrasts.

    Raises:
        UserError: If there is nothing to compare.
    """
    kinds = tally(trials).kinds
    cells: dict[tuple[str, str], _Flags] = defaultdict(lambda: defaultdict(Counter))
    conducts: dict[str, set[str]] = defaultdict(set)
    for trial, _ in kinds:
        conducts[trial.trace.full_pattern].add(trial.trace.condition.peer_conduct)
    varied = any(len(found) > 1 for found in conducts.values())
    for trial, count in kinds:
        t = trial.trace
        same = {} if varied and t.condition.peer_conduct != "silent" else {"peer_conduct": "absent"}
        condition = t.condition.model_copy(update=same).label()
        for verdict in trial.verdicts:
            name = f"{t.scenario} {verdict.behaviour} {condition} {t.setting}"
            cells[name, t.version][t.full_pattern][flagged(verdict)] += count
    places = list(conducts)
    baseline = against or (places[0] if places else "")
    if baseline not in places or len(places) < 2:
        raise UserError(
            f"cannot compare with {baseline!r}: the runs have {', '.join(places) or 'no trials'}; "
            "two patterns are needed"
        )
    return baseline, [
        contrast(f"{name}: {place}", flags[place], flags[baseline])
        for (name, _), flags in sorted(cells.items())
        for place in places
        if place != baseline and place in flags and baseline in flags
    ]
