"""Recorded checks: played once into a run's folder, judged again without any model call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from allegiance.errors import UserError
from allegiance.experiment.configurations import Configuration, expand
from allegiance.experiment.limits import Limits
from allegiance.gate.inputs import read_whole
from allegiance.play.adapter import Build
from allegiance.run.pool import run
from allegiance.run.rescore import changed, rejudge
from allegiance.scenario.roles import Model
from allegiance.store.manifest import Manifest, read_manifest
from allegiance.store.writer import Store
from allegiance.trace.model_names import recorded
from allegiance.trace.trials import Trial

if TYPE_CHECKING:
    from allegiance.pytest_plugin.marker import Settings


def play_recorded(
    configurations: Sequence[Configuration],
    folder: Path | None,
    *,
    trials: int,
    seed: int,
    concurrency: int,
    limits: Limits,
    model: Model | None,
    build: Build,
) -> list[Trial]:
    """Play cells and keep what was played in a folder, if one is given.

    Raises:
        UserError: If the folder holds a recording already, or a cell cannot be played.
    """
    if folder is not None and folder.exists():
        raise UserError(f"{str(folder)!r} was recorded before; remove it to record it again")
    manifest = Manifest(
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        trials=trials,
        seed=seed,
        limits=vars(limits),
        configurations=tuple(configurations),
    )
    with Store(folder, manifest) if folder is not None else nullcontext() as store:
        return run(
            configurations,
            trials=trials,
            seed=seed,
            concurrency=concurrency,
            limits=limits,
            model=model,
            build=build,
            on_trial=store.append if store is not None else None,
        )


def replay(folder: Path, asked: Settings, *, warn: Callable[[str], None]) -> list[Trial]:
    """Return the recorded trials of a check, judged by today's probes.

    Args:
        folder: The recording.
        asked: What the test asks for: the recording has to hold it.
        warn: Told what a reader should know.

    Raises:
        UserError: If there is no recording, it is not whole, or it is of something else.
    """
    if not folder.exists():
        raise UserError(
            f"there is no recording {str(folder)!r}; make one with --allegiance-record "
            f"{str(folder.parent)!r}"
        )
    recorded = read_whole(folder)
    manifest = read_manifest(folder, base_url="")
    configurations = manifest.configurations
    plan = expand(
        scenarios=asked.named,
        adapters=[configurations[0].adapter],
        factors=asked.conditions,
        models=asked.model or sorted({configuration.model for configuration in configurations}),
        app=configurations[0].app,
        guard=asked.guard,
    )
    ours, theirs = set(map(_name, plan.configurations)), set(map(_name, configurations))
    for alone, which in ((ours - theirs, "the test asks for"), (theirs - ours, "it holds")):
        if alone:
            raise UserError(
                f"the recording {str(folder)!r} is of something else: only {which} "
                f"{' '.join(min(alone))}; record it again"
            )
    if manifest.trials < asked.trials:
        raise UserError(
            f"the recording {str(folder)!r} holds {manifest.trials} trials of each "
            f"cell, {asked.trials} are asked for; record it again"
        )
    old = sorted({t.trace.scenario for t in recorded.trials if changed(t)})
    if old:
        warn(f"recorded before the scenario was changed: {', '.join(old)}")
    return [rejudge(trial) for trial in recorded.trials]


def _name(configuration: Configuration) -> tuple[str, str, str, str]:
    return (
        configuration.scenario,
        configuration.condition.label(),
        recorded(configuration.model),
        f"guard={configuration.guard or 'none'}",
    )
