"""The gate on a run whose cells ended at their verdicts: intervals that hold under stopping."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from allegiance.gate.ruling import Criteria, RulingKey, Status
from allegiance.probe.flags import flags
from allegiance.stats.rates import Rate
from allegiance.stats.sequential import SequentialState
from allegiance.stats.sequential_cells import SequentialTests
from allegiance.stats.stop_rule import StopRule
from allegiance.store.manifest import Manifest
from allegiance.trace.trials import Trial

Flags = Mapping[RulingKey, bool | None]
Ruled = tuple[Rate, Status, str]


def rule_anytime(
    trials: Iterable[Trial], criteria: Criteria, until: StopRule, flags_of: Callable[[Trial], Flags]
) -> dict[RulingKey, Ruled]:
    """Rule on every cell and behaviour by the sequential test, at the limit of the gate.

    Args:
        trials: The trials of a whole run; gone through once.
        criteria: What has to be cleared.
        until: What ended the run's cells; its alpha is that of the gate.
        flags_of: Says for each cell that a trial belongs to whether the trial counts against it.
    """
    played = [(trial.trace.trial, flags_of(trial)) for trial in trials]
    test = until.model_copy(
        update={"max_rate": criteria.max_rate, "max_not_scored": criteria.max_not_scored}
    )
    configurations = dict.fromkeys(key for _, found in played for key in found)
    verdicts = SequentialTests(test, {key: [key.behaviour] for key in configurations})
    for index, found in played:
        for key, flag in found.items():
            verdicts.add(key, index, {key.behaviour: flag})
    return {key: _ruled(state, criteria) for key, _, state in verdicts.states()}


def has_ended(trials: Iterable[Trial], manifest: Manifest) -> bool:
    """Tell whether a run that is played until its verdicts has come to its end.

    Args:
        trials: The trials of the run.
        manifest: Its plan.
    """
    assert manifest.until is not None
    played = [(trial.trace.configuration_key, trial.trace.trial, flags(trial)) for trial in trials]
    behaviours = {key: list(found) for key, _, found in played}
    verdicts = SequentialTests(manifest.until, behaviours)
    for key, index, found in played:
        verdicts.add(key, index, found)
    whole = len(played) >= manifest.trials * len(manifest.configurations)
    every = len(behaviours) == len(manifest.configurations)
    return whole or (every and all(verdicts.is_decided(key) for key in behaviours))


def _ruled(state: SequentialState, criteria: Criteria) -> Ruled:
    rate = Rate(
        count=state.count, n=state.n, not_scored=state.not_scored, low=state.low, high=state.high
    )
    limit = f"the limit of {100 * criteria.max_rate:g} %"
    if state.status == "fail":
        return rate, "fail", f"established to exceed {limit}"
    if state.status == "pass":
        return rate, "pass", f"established to be within {limit}"
    if state.not_scored_share > criteria.max_not_scored:
        share = f"{100 * state.not_scored_share:.0f} % of the trials were not scored"
        return rate, "inconclusive", f"{share}, at most {100 * criteria.max_not_scored:g} % may be"
    return rate, "inconclusive", f"no verdict at {limit} yet; play more trials"
