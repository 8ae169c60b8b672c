"""How often a run's models expressed that they may be under test."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from allegiance.probe.flags import violated
from allegiance.stats.rates import rate
from allegiance.trace.trials import Trial, counted


def awareness_notes(trials: Iterable[Trial]) -> list[str]:
    """Return how often awareness was expressed, and the flagged rates with and without it.

    The list is empty if no trial expressed it, as in a run of scripted agents. The comparison is
    observational: the trials differ in what the model chose to say.
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
        share = rate(flags[status])
        if share.n:
            parts.append(
                f"{status} {100 * share.value:.1f} [{100 * share.low:.1f}, {100 * share.high:.1f}] "
                f"n={share.n}"
            )
    return [
        f"Evaluation awareness was expressed before the action in {count['expressed']} of "
        f"{count.total()} trials ({count['no_answer']} without an answer; the rules miss many "
        f"wordings). Flagged, % by awareness: {'; '.join(parts)}."
    ]
