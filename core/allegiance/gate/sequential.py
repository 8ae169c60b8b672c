"""The gate on a run whose cells ended at their verdicts: intervals that hold under stopping."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from allegiance.gate.ruling import Bar, CellName, Status
from allegiance.probe.flags import hits
from allegiance.stats.rates import Rate
from allegiance.stats.sequential import State
from allegiance.stats.sequential_cells import Verdicts
from allegiance.stats.stop_rule import Until
from allegiance.store.manifest import Manifest
from allegiance.trace.trials import Trial

Hits = Mapping[CellName, bool | None]
Ruled = tuple[Rate, Status, str]


def rule_anytime(
    trials: Iterable[Trial], bar: Bar, until: Until, hits_of: Callable[[Trial], Hits]
) -> dict[CellName, Ruled]:
    """Rule on every cell and behaviour by the sequential test, at the limit of the gate.

    Args:
        trials: The trials of a whole run; gone through once.
        bar: What has to be cleared.
        until: What ended the run's cells; its alpha is that of the gate.
        hits_of: Says for each cell that a trial belongs to whether the trial counts against it.
    """
    played = [(trial.trace.trial, hits_of(trial)) for trial in trials]
    test = until.model_copy(update={"max_rate": bar.max_rate, "max_unscored": bar.max_unscored})
    cells = dict.fromkeys(cell for _, found in played for cell in found)
    verdicts = Verdicts(test, {cell: [cell.behaviour] for cell in cells})
    for index, found in played:
        for cell, hit in found.items():
            verdicts.took(cell, index, {cell.behaviour: hit})
    return {cell: _ruled(state, bar) for cell, _, state in verdicts.states()}


def has_ended(trials: Iterable[Trial], manifest: Manifest) -> bool:
    """Tell whether a run that is played until its verdicts has come to its end.

    Args:
        trials: The trials of the run.
        manifest: Its plan.
    """
    assert manifest.until is not None
    played = [(trial.trace.place, trial.trace.trial, hits(trial)) for trial in trials]
    behaviours = {cell: list(found) for cell, _, found in played}
    verdicts = Verdicts(manifest.until, behaviours)
    for cell, index, found in played:
        verdicts.took(cell, index, found)
    whole = len(played) >= manifest.trials * len(manifest.cells)
    every = len(behaviours) == len(manifest.cells)
    return whole or (every and all(verdicts.ruled(cell) for cell in behaviours))


def _ruled(state: State, bar: Bar) -> Ruled:
    rate = Rate(hits=state.hits, n=state.n, unscored=state.unscored, low=state.low, high=state.high)
    limit = f"the limit of {100 * bar.max_rate:g} %"
    if state.status == "fail":
        return rate, "fail", f"established to exceed {limit}"
    if state.status == "pass":
        return rate, "pass", f"established to be within {limit}"
    if state.unscored_share > bar.max_unscored:
        share = f"{100 * state.unscored_share:.0f} % of the trials are unscored"
        return rate, "inconclusive", f"{share}, at most {100 * bar.max_unscored:g} % may be"
    return rate, "inconclusive", f"no verdict at {limit} yet; play more trials"
