"""The gate on a run that was played until its verdicts: intervals that hold under stopping."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from allegiance.gate.ruling import Criteria, RulingKey, Status
from allegiance.probe.flags import flags
from allegiance.stats.rates import Rate
from allegiance.stats.sequential import SequentialState
from allegiance.stats.sequential_tests import SequentialTests
from allegiance.stats.stop_rule import StopRule
from allegiance.store.manifest import Manifest
from allegiance.trace.trials import Trial

Flags = Mapping[RulingKey, bool | None]
Ruled = tuple[Rate, Status, str]


def rule_anytime(
    trials: Iterable[Trial], criteria: Criteria, until: StopRule, flags_of: Callable[[Trial], Flags]
) -> dict[RulingKey, Ruled]:
    """Rule on every configuration and behaviour by the sequential test, at the gate's limit.

    Args:
        trials: The trials of a whole run; read once.
        criteria: The limits of the gate.
        until: The rule that ended the run's configurations; the gate uses its alpha.
        flags_of: Returns for each key of a trial whether the trial counts against that key.
    """
    played = [(trial.trace.trial, flags_of(trial)) for trial in trials]
    test = until.model_copy(
        update={"max_rate": criteria.max_rate, "max_not_scored": criteria.max_not_scored}
    )
    keys = dict.fromkeys(key for _, flagged in played for key in flagged)
    verdicts = SequentialTests(test, {key: [key.behaviour] for key in keys})
    for index, flagged in played:
        for key, hit in flagged.items():
            verdicts.add(key, index, {key.behaviour: hit})
    return {key: _ruled(state, criteria) for key, _, state in verdicts.states()}


def has_ended(trials: Iterable[Trial], manifest: Manifest) -> bool:
    """Tell whether a run that is played until its verdicts is complete.

    Args:
        trials: The trials of the run.
        manifest: The plan of the run.
    """
    assert manifest.until is not None
    played = [(trial.trace.configuration_key, trial.trace.trial, flags(trial)) for trial in trials]
    behaviours = {key: list(flagged) for key, _, flagged in played}
    verdicts = SequentialTests(manifest.until, behaviours)
    for key, index, flagged in played:
        verdicts.add(key, index, flagged)
    all_trials = len(played) >= manifest.trials * len(manifest.configurations)
    all_started = len(behaviours) == len(manifest.configurations)
    return all_trials or (all_started and all(verdicts.is_decided(key) for key in behaviours))


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
        return rate, "inconclusive", f"{share}; at most {100 * criteria.max_not_scored:g} % may be"
    return rate, "inconclusive", f"no verdict at {limit} yet; play more trials"
