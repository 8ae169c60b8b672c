"""Going on with a run, and putting shares of one run together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from allegiance.errors import UserError
from allegiance.manifest import Manifest, parse_shard, read_manifest
from allegiance.rejudge import rejudge
from allegiance.run import in_turn
from allegiance.store import Store, read
from allegiance.trace import Place, Trial
from allegiance.trial import Stand

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


def merge(folders: Sequence[Path], out: Path) -> int:
    """Put the shares of one run together and return the number of trials.

    Args:
        folders: The shares, in any order.
        out: The new run.

    Raises:
        UserError: If they are not shares of one run, or a trial occurs twice.
    """
    runs = [read(folder) for folder in folders]
    manifests = [read_manifest(folder, base_url="") for folder in folders]
    for folder, manifest in zip(folders, manifests, strict=True):
        if field := manifests[0].same_plan(manifest):
            raise UserError(
                f"{str(folder)!r} is not of the same run as {str(folders[0])!r}: they differ in "
                f"{field}"
            )
    seen: dict[str, Path] = {}  # of all trials the keys alone are held
    for run in runs:
        for trial in run.trials:
            if other := seen.get(trial.trace.key):
                raise UserError(
                    f"trial {trial.trace.key} is in {str(other)!r} and in {str(run.folder)!r}"
                )
            seen[trial.trace.key] = run.folder
        if run.problems:
            raise UserError(f"{str(run.folder)!r}: {run.problems[0]}; go on with that run first")
    with Store(out, manifests[0].model_copy(update={"shard": ""})) as store:
        for run in runs:
            for trial in run.trials:
                store.append(trial)
    return len(seen)


def rescore(folder: Path, out: Path) -> tuple[int, int]:
    """Judge the trials of a run with today's probes, without a model call.

    Args:
        folder: The run.
        out: The new run.

    Returns:
        The number of trials, and of those whose outcome is another now.

    Raises:
        UserError: If the run cannot be read, or a scenario is gone. Where a part of it cannot be
            read, what can is judged and written first.
    """
    run = read(folder)
    trials = different = 0
    with Store(out, read_manifest(folder, base_url="")) as store:
        for trial in run.trials:
            again = rejudge(trial)
            trials += 1
            different += again.outcome != trial.outcome
            store.append(again)
    if run.problems:
        raise UserError(
            f"{str(folder)!r} is damaged: {run.problems[0]}; {str(out)!r} holds the other {trials} "
            f"trials, judged again, of which {different} have another outcome now"
        )
    return trials, different


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
