"""Going on with a run: which trials it is to hold, and which of them it has."""

from __future__ import annotations

from collections.abc import Sequence

from allegiance.errors import UserError
from allegiance.play.trial import PreparedConfiguration
from allegiance.run.pool import in_turn
from allegiance.store.manifest import Manifest, parse_shard
from allegiance.trace.trials import ConfigurationKey, Trial

Job = tuple[PreparedConfiguration, int]


def share(
    prepared_configurations: Sequence[PreparedConfiguration], manifest: Manifest
) -> list[Job]:
    """Return the trials that a run's folder is to hold."""
    jobs = in_turn(prepared_configurations, manifest.trials)
    if not manifest.shard:
        return jobs
    part, of = parse_shard(manifest.shard)
    return jobs[part - 1 :: of]


class TrialMatcher:
    """Knows the trials of a run by their keys.

    Args:
        prepared_configurations: The cells.
        seed: Seed of the run.
    """

    def __init__(self, prepared_configurations: Sequence[PreparedConfiguration], seed: int) -> None:
        self._stands: dict[ConfigurationKey, list[PreparedConfiguration]] = {}
        for prepared in prepared_configurations:
            self._stands.setdefault(prepared.configuration_key, []).append(prepared)
        self._seed = seed
        self._seen: set[str] = set()

    def claim(self, trial: Trial) -> Job:
        """Return which trial of the run this is, once.

        Raises:
            UserError: If it is of another experiment, naming the difference, or there twice.
        """
        t = trial.trace
        for prepared in self._stands.get(t.configuration_key, ()):
            if prepared.key(self._seed, t.trial) == t.key and t.key not in self._seen:
                self._seen.add(t.key)
                return prepared, t.trial
        prepared_configurations = [
            prepared for group in self._stands.values() for prepared in group
        ]
        raise UserError(
            f"cannot go on with this run: {_difference(trial, prepared_configurations)}"
        )


def _difference(trial: Trial, prepared_configurations: Sequence[PreparedConfiguration]) -> str:
    t = trial.trace
    for prepared in prepared_configurations:
        stage = prepared.setup.stage
        if (
            t.configuration_key[:3] == prepared.configuration_key[:3]
        ):  # scenario, condition and pattern
            if t.version != stage.version:
                return f"scenario {t.scenario!r} was version {t.version}, is {stage.version}"
            if t.content != stage.content:
                return (
                    f"what {t.scenario!r} shows, its tools or its probes have changed "
                    f"(content {t.content}, now {stage.content})"
                )
            if t.provenance.get("provider") != prepared.provenance.get("provider"):
                return (
                    f"the provider path was {t.provenance.get('provider')!r}, is "
                    f"{prepared.provenance.get('provider')!r}"
                )
    return (
        f"trial {t.key} ({t.scenario} {t.condition.label()} {t.model}) is not one of its "
        "plan, or twice"
    )
