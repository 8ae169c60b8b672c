"""Recorded checks: played once into a run's folder, judged again without a model call."""

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
from allegiance.play.versions import versions_of
from allegiance.registry import SCENARIOS
from allegiance.run.pool import run
from allegiance.run.rescore import changed, rejudge
from allegiance.scenario.roles import Model
from allegiance.store.manifest import Manifest, read_manifest
from allegiance.store.writer import Store
from allegiance.trace.exercise import Exercise
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
    exercise: tuple[Exercise, ...],
) -> list[Trial]:
    """Play configurations, and record the trials if a folder is named.

    Raises:
        UserError: If the folder exists already, or a configuration cannot be played.
    """
    if folder is not None and folder.exists():
        raise UserError(f"{str(folder)!r} holds a recording already; remove it to record again")
    manifest = Manifest(
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        trials=trials,
        seed=seed,
        limits=vars(limits),
        configurations=tuple(configurations),
        exercise=exercise,
        judged_by=versions_of(
            *(SCENARIOS.load(c.scenario).stage(c.condition) for c in configurations)
        ),
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


def replay(
    folder: Path, settings: Settings, *, warn: Callable[[str], None]
) -> tuple[list[Trial], tuple[Exercise, ...]]:
    """Return the recorded trials of a check, judged by the current probes, and what was exercised.

    Args:
        folder: The recording.
        settings: The test's settings; the recording must match them.
        warn: Called with each message that a reader should see.

    Raises:
        UserError: If the recording does not exist, is incomplete, or is of another test.
    """
    if not folder.exists():
        raise UserError(
            f"there is no recording {str(folder)!r}; make one with --allegiance-record "
            f"{str(folder.parent)!r}"
        )
    recording = read_whole(folder)
    manifest = read_manifest(folder, base_url="")
    configurations = manifest.configurations
    plan = expand(
        scenarios=settings.scenario_names,
        adapters=[configurations[0].adapter],
        factors=settings.factors,
        models=settings.model or sorted({configuration.model for configuration in configurations}),
        app=configurations[0].app,
        guard=settings.guard,
    )
    planned, stored = set(map(_name, plan.configurations)), set(map(_name, configurations))
    for extra, side in ((planned - stored, "the test plans"), (stored - planned, "it holds")):
        if extra:
            raise UserError(
                f"the recording {str(folder)!r} does not match the test: only {side} "
                f"{' '.join(min(extra))}; record it again"
            )
    if manifest.trials < settings.trials:
        raise UserError(
            f"the recording {str(folder)!r} holds {manifest.trials} trials of each "
            f"configuration, the test needs {settings.trials}; record it again"
        )
    old = sorted({t.trace.scenario for t in recording.trials if changed(t)})
    if old:
        warn(f"recorded before the scenario changed: {', '.join(old)}")
    return [rejudge(trial) for trial in recording.trials], manifest.exercise


def _name(configuration: Configuration) -> tuple[str, str, str, str]:
    return (
        configuration.scenario,
        configuration.condition.label(),
        recorded(configuration.model),
        f"guard={configuration.guard or 'none'}",
    )
