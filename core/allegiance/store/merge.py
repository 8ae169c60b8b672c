"""Merging the shards of a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from allegiance.errors import UserError
from allegiance.store.judges import SameJudges
from allegiance.store.manifest import read_manifest
from allegiance.store.writer import read, whole_run
from allegiance.trace.redact import REDACTED


def merge(folders: Sequence[Path], out: Path) -> int:
    """Merge the shards of a run and return the number of trials.

    Args:
        folders: The shards, in any order.
        out: The new run.

    Raises:
        UserError: If they are not shards of one run, a trial occurs twice, or different versions
            judged them.
    """
    runs = [read(folder) for folder in folders]
    manifests = [read_manifest(folder, base_url=REDACTED) for folder in folders]
    for folder, manifest in zip(folders, manifests, strict=True):
        if field := manifests[0].same_plan(manifest):
            raise UserError(
                f"{str(folder)!r} and {str(folders[0])!r} are not shards of one run: they differ "
                f"in {field}"
            )
    seen: dict[str, Path] = {}  # only the keys are kept in memory
    judges = SameJudges()
    for run in runs:
        for trial in run.trials:
            judges.check(trial, run)
            if other := seen.get(trial.trace.key):
                raise UserError(
                    f"trial {trial.trace.key} is in {str(other)!r} and in {str(run.folder)!r}"
                )
            seen[trial.trace.key] = run.folder
        if run.problems:
            raise UserError(
                f"{str(run.folder)!r}: {run.problems[0]}; repair that run with --resume first"
            )
    with whole_run(out, manifests[0].model_copy(update={"shard": ""})) as store:
        for run in runs:
            for trial in run.trials:
                store.append(trial)
    return len(seen)
