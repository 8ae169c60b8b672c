"""Going on with a run, and putting shares of one run together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from allegiance.errors import UserError
from allegiance.manifest import Manifest, parse_shard, read_manifest
from allegiance.rejudge import rejudge
from allegiance.run import in_turn
from allegiance.store import Store, read
from allegiance.trace import Trial
from allegiance.trial import Stand

Job = tuple[Stand, int]


def share(stands: Sequence[Stand], manifest: Manifest) -> list[Job]:
    """Return the trials that a run's folder is to hold."""
    jobs = in_turn(stands, manifest.trials)
    if not manifest.shard:
        return jobs
    part, of = parse_shard(manifest.shard)
    return jobs[part - 1 :: of]


def owed(jobs: Sequence[Job], seed: int, done: Iterable[Trial]) -> list[Job]:
    """Return the trials that are still to be played.

    Args:
        jobs: All trials of the run.
        seed: Seed of the run.
        done: What the folder holds.

    Raises:
        UserError: If the folder holds a trial of another experiment, naming the difference.
    """
    keys = {stand.key(seed, index): (stand, index) for stand, index in jobs}
    for trial in done:
        if trial.trace.key not in keys:
            raise UserError(f"cannot go on with this run: {_difference(trial, jobs)}")
        del keys[trial.trace.key]
    return list(keys.values())


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
    seen: dict[str, Path] = {}
    for run in runs:
        if run.problems:
            raise UserError(f"{str(run.folder)!r}: {run.problems[0]}; go on with that run first")
        for trial in run.trials:
            if other := seen.get(trial.trace.key):
                raise UserError(
                    f"trial {trial.trace.key} is in {str(other)!r} and in {str(run.folder)!r}"
                )
            seen[trial.trace.key] = run.folder
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
        UserError: If the run cannot be read, or a scenario is gone.
    """
    run = read(folder)
    different = 0
    with Store(out, read_manifest(folder, base_url="")) as store:
        for trial in run.trials:
            again = rejudge(trial)
            different += again.outcome != trial.outcome
            store.append(again)
    return len(run.trials), different


def _difference(trial: Trial, jobs: Sequence[Job]) -> str:
    t = trial.trace
    for stand, _ in jobs:
        spec, stage = stand.spec, stand.cell.stage
        if (t.scenario, t.arm, t.adapter, t.pattern) == (
            spec.scenario,
            spec.arm,
            spec.adapter,
            spec.pattern,
        ):
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
