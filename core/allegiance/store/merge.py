"""Merging the shares of one run into a whole one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from allegiance.errors import UserError
from allegiance.store.manifest import read_manifest
from allegiance.store.writer import Store, read


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
