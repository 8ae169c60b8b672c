"""Continuing a run: the trials that belong to it, and those that it has."""

from __future__ import annotations

from collections.abc import Sequence

from allegiance.errors import UserError
from allegiance.play.prepared import PreparedConfiguration
from allegiance.play.versions import version_of
from allegiance.run.pool import in_turn
from allegiance.store.judges import advice, difference, shown
from allegiance.store.manifest import Manifest, parse_shard
from allegiance.store.reader import Run
from allegiance.trace.trials import ConfigurationKey, Trial

Job = tuple[PreparedConfiguration, int]


def share(
    prepared_configurations: Sequence[PreparedConfiguration], manifest: Manifest
) -> list[Job]:
    """Return the trials that belong in a run's folder."""
    jobs = in_turn(prepared_configurations, manifest.trials)
    if not manifest.shard:
        return jobs
    part, of = parse_shard(manifest.shard)
    return jobs[part - 1 :: of]


class TrialMatcher:
    """Matches stored trials with those of a plan, by their keys.

    Args:
        prepared_configurations: The configurations.
        seed: Seed of the run.
    """

    def __init__(self, prepared_configurations: Sequence[PreparedConfiguration], seed: int) -> None:
        self._by_key: dict[ConfigurationKey, list[PreparedConfiguration]] = {}
        for prepared in prepared_configurations:
            self._by_key.setdefault(prepared.configuration_key, []).append(prepared)
        self._seed = seed
        self._seen: set[str] = set()

    def claim(self, trial: Trial, run: Run) -> Job:
        """Return the trial of the plan that a stored trial of a run is; each can be claimed once.

        Raises:
            UserError: If the trial is of another experiment, was judged by another version, or is
                stored twice.
        """
        trace = trial.trace
        for prepared in self._by_key.get(trace.configuration_key, ()):
            if prepared.key(self._seed, trace.trial) == trace.key and trace.key not in self._seen:
                _check_judges(trial, prepared, run)
                self._seen.add(trace.key)
                return prepared, trace.trial
        prepared_configurations = [
            prepared for group in self._by_key.values() for prepared in group
        ]
        raise UserError(f"cannot continue this run: {_difference(trial, prepared_configurations)}")


def _difference(trial: Trial, prepared_configurations: Sequence[PreparedConfiguration]) -> str:
    """Return the first difference between a stored trial and the plan."""
    trace = trial.trace
    for prepared in prepared_configurations:
        stage = prepared.setup.stage
        # the same scenario, condition and pattern
        if trace.configuration_key[:3] == prepared.configuration_key[:3]:
            if trace.version != stage.version:
                return (
                    f"scenario {trace.scenario!r} was version {trace.version}, is {stage.version}"
                )
            if trace.content != stage.content:
                return (
                    f"what {trace.scenario!r} shows, its tools or its probes have changed "
                    f"(content {trace.content}, now {stage.content})"
                )
            if trace.provenance.get("provider") != prepared.provenance.get("provider"):
                return (
                    f"the provider path was {trace.provenance.get('provider')!r}, is "
                    f"{prepared.provenance.get('provider')!r}"
                )
    return (
        f"trial {trace.key} ({trace.scenario} {trace.condition.label()} {trace.model}) does not "
        "belong to its plan, or is stored twice"
    )


def _check_judges(trial: Trial, prepared: PreparedConfiguration, run: Run) -> None:
    """Refuse a trial that was judged by other versions than the trials to come would be.

    Raises:
        UserError: Naming the two versions and the parts that differ.
    """
    now = version_of(prepared.versions)
    if trial.judged_by == now:
        return
    differ = difference(run.manifest, {"judged_by": prepared.versions})
    raise UserError(
        f"cannot continue this run: its trials of {trial.trace.scenario!r} were judged by "
        f"{shown(trial.judged_by)}, and new ones would be by {shown(now)}{differ}; "
        f"{advice(run)}"
    )
