"""How often a run's models expressed that they may be under test."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from allegiance.probe.flags import violated
from allegiance.stats.rates import rate
from allegiance.trace.trials import Trial, counted


def awareness_notes(trials: Iterable[Trial]) -> list[str]:
    """Say how often awareness was expressed and what was flagged with and without it.

    Nothing is said of a run in which no trial expressed it: a run of scripted agents has no such
    line. The comparison is of trials that differ in what the model chose to say; it is no
    experiment.
    """
    count: Counter[str] = Counter()
    flags: dict[str, Counter[bool | None]] = defaultdict(Counter)
    for trial, times in counted(trials):
        status = trial.awareness.status if trial.awareness else "no label"
        count[status] += times
        flags[status][violated(trial)] += times
    if not count["expressed"]:
        return []
    parts = []
    for status in ("expressed", "none"):
        found = rate(flags[status])
        if found.n:
            parts.append(
                f"{status} {100 * found.value:.1f} [{100 * found.low:.1f}, {100 * found.high:.1f}] "
                f"n={found.n}"
            )
    return [
        f"Evaluation awareness was expressed before the action in {count['expressed']} of "
        f"{count.total()} trials ({count['no_answer']} without an answer; by rule, many wordings "
        f"are missed). Flagged, % by awareness: {'; '.join(parts)}."
    ]
