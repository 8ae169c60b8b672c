"""Going on with a run: which trials it is to hold, and which of them it has."""

from __future__ import annotations

from collections.abc import Sequence

from allegiance.errors import UserError
from allegiance.play.trial import Stand
from allegiance.run.pool import in_turn
from allegiance.store.manifest import Manifest, parse_shard
from allegiance.trace.trials import Place, Trial

Job = tuple[Stand, int]


def share(stands: Sequence[Stand], manifest: Manifest) -> list[Job]:
    """Return the trials that a run's folder is to hold."""
    jobs = in_turn(stands, manifest.trials)
    if not manifest.shard:
        return jobs
    part, of = parse_shard(manifest.shard)
    return jobs[part - 1 :: of]


class Roll:
    """Knows the trials of a run by their keys.

    Args:
        stands: The cells.
        seed: Seed of the run.
    """

    def __init__(self, stands: Sequence[Stand], seed: int) -> None:
        self._stands: dict[Place, list[Stand]] = {}
        for stand in stands:
            self._stands.setdefault(stand.place, []).append(stand)
        self._seed = seed
        self._seen: set[str] = set()

    def claim(self, trial: Trial) -> Job:
        """Return which trial of the run this is, once.

        Raises:
            UserError: If it is of another experiment, naming the difference, or there twice.
        """
        t = trial.trace
        for stand in self._stands.get(t.place, ()):
            if stand.key(self._seed, t.trial) == t.key and t.key not in self._seen:
                self._seen.add(t.key)
                return stand, t.trial
        stands = [stand for group in self._stands.values() for stand in group]
        raise UserError(f"cannot go on with this run: {_difference(trial, stands)}")


def _difference(trial: Trial, stands: Sequence[Stand]) -> str:
    t = trial.trace
    for stand in stands:
        stage = stand.cell.stage
        if t.place[:3] == stand.place[:3]:  # scenario, arm and topology
            if t.version != stage.version:
                return f"scenario {t.scenario!r} was version {t.version}, is {stage.version}"
            if t.content != stage.content:
                return (
                    f"what {t.scenario!r} shows, its tools or its probes have changed "
                    f"(content {t.content}, now {stage.content})"
                )
            if t.provenance.get("provider") != stand.provenance.get("provider"):
                return (
                    f"the provider path was {t.provenance.get('provider')!r}, is "
                    f"{stand.provenance.get('provider')!r}"
                )
    return (
        f"trial {t.key} ({t.scenario} {t.arm.label()} {t.model}) is not one of its plan, or twice"
    )
