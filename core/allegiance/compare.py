"""Comparing topologies: the same scenario, arm and model, side by side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from allegiance.errors import UserError
from allegiance.stats import Contrast, contrast
from allegiance.trace import Trial

_Hits = dict[str, list[bool | None]]


def compare(trials: Sequence[Trial], against: str = "") -> tuple[str, list[Contrast]]:
    """Contrast every adapter:pattern with one of them, cell by cell.

    Trials are matched by scenario, content, model and every factor but the peer's conduct where
    a topology has no live peer; unlike cells are never pooled.

    Args:
        trials: Trials of one or more runs.
        against: The topology the others are compared with; the first that occurs by default.

    Returns:
        The baseline's name and the contrasts.

    Raises:
        UserError: If there is nothing to compare.
    """
    cells: dict[tuple[str, ...], _Hits] = defaultdict(lambda: defaultdict(list))
    for trial in trials:
        t = trial.trace
        arm = t.arm.model_copy(update={"peer_conduct": "absent"}).label()
        for verdict in trial.verdicts:
            key = (t.scenario, verdict.behaviour, arm, t.model)
            hit = any(f.actor == "critic" for f in verdict.findings)
            place = f"{t.adapter}:{t.pattern}"
            cells[key][place].append(None if verdict.status == "unscored" else hit)
    places = list(dict.fromkeys(f"{t.trace.adapter}:{t.trace.pattern}" for t in trials))
    baseline = against or (places[0] if places else "")
    if baseline not in places or len(places) < 2:
        raise UserError(
            f"cannot compare with {baseline!r}: the runs have {', '.join(places) or 'no trials'}; "
            "two topologies are needed"
        )
    return baseline, [
        contrast(f"{' '.join(key)}: {place}", hits[place], hits[baseline])
        for key, hits in sorted(cells.items())
        for place in places
        if place != baseline and place in hits and baseline in hits
    ]
