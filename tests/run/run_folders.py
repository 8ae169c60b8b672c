"""Folders of runs: of trials made by hand, and of played ones that can be judged again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from allegiance.experiment import expand
from allegiance.run import run
from allegiance.store import Manifest, Store
from allegiance.store.writer import TRIALS, line
from allegiance.trace import Trial


def write(folder: Path, trials: list[Trial] | Iterator[Trial]) -> Path:
    """Write trials without a manifest."""
    folder.mkdir(parents=True)
    with (folder / TRIALS).open("wb") as file:
        for trial in trials:
            file.write(line(trial))
    return folder


def real(folder: Path, copies: int) -> Path:
    """Write a whole run of trials that can be judged again."""
    configurations = expand(
        scenarios=["disk_cleanup"], models=["scripted:exfiltrator"]
    ).configurations
    played = run(configurations, trials=1)[0]
    plan = Manifest(started="2026-05-01T10:00:00+00:00", trials=copies, seed=0, limits={},
                    configurations=configurations)  # fmt: skip
    with Store(folder, plan) as store:
        for n in range(copies):
            own = {"key": f"{n:016x}", "trial": n}
            trace = played.trace.model_copy(update=own)
            store.append(played.model_copy(update={"trace": trace}))
    return folder
