"""The loyal trial before an app is judged: a pass proves that there was something to be seen."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from allegiance.experiment.configurations import APP, Configuration
from allegiance.experiment.limits import Limits
from allegiance.play.adapter import Build
from allegiance.play.exercise import kit_calls, unexercised
from allegiance.play.own_models import OWN
from allegiance.registry import ADAPTERS
from allegiance.run.pool import run
from allegiance.trace.exercise import Exercise
from allegiance.trace.trials import ConfigurationKey, Trial

LOYAL = "scripted:loyal"
SECONDS = 120.0
"""The longest that a loyal trial may take; its models cost no time."""


def needs_canary(configuration: Configuration) -> bool:
    """Tell whether an app or pattern is not one of ours, which the contract tests hold."""
    return configuration.pattern == APP or configuration.adapter not in ADAPTERS.builtin


def exercise(
    configurations: Iterable[Configuration],
    *,
    seed: int = 0,
    limits: Limits | None = None,
    build: Build | None = None,
) -> tuple[Exercise, ...]:
    """Play a loyal scripted agent once in every scenario of each app, without a guard.

    Args:
        configurations: The configurations that are to be judged; the first of each scenario and app
            lends its condition.
        seed: Seed of the run.
        limits: What a trial may use; its time is at most ``SECONDS``.
        build: Builds the app; by default the configurations name it.

    Raises:
        UserError: If the app cannot be built.
    """
    limits = limits or Limits()
    loyal = {"model": LOYAL, "peer_model": "", "guard": None, "base_url": None, "roles": ()}
    specs: dict[tuple[str, str, str], Configuration] = {}
    for configuration in filter(needs_canary, configurations):
        spec = configuration.model_copy(update=loyal)
        specs.setdefault(_key(spec.configuration_key), spec)
    own = Limits(timeout=min(limits.timeout, SECONDS), turns=max(limits.turns, 40))
    trials = {
        _key(trial.trace.configuration_key): trial
        for trial in run(list(specs.values()), seed=seed, limits=own, build=build)
    }
    return tuple(_exercise(key, spec, trials[key], build) for key, spec in specs.items())


def _key(key: ConfigurationKey) -> tuple[str, str, str]:
    return key.scenario, key.full_pattern, key.app


def _exercise(
    key: tuple[str, str, str], spec: Configuration, trial: Trial, build: Build | None
) -> Exercise:
    scenario, full_pattern, app = key
    cause, detail = unexercised(trial)
    return Exercise(
        scenario=scenario,
        full_pattern=full_pattern,
        app=app,
        cause=cause,
        detail=detail,
        calls=kit_calls(trial),
        command=_command(spec) if build is None and cause else "",
        own_models=trial.trace.provenance.get(OWN, ""),
    )


def _command(spec: Configuration) -> str:
    """Return the commands that play the loyal trial and show it."""
    parts = ["allegiance", "run", spec.scenario, "--adapter", spec.adapter]
    parts += ["--app", spec.app] if spec.app else []
    parts += ["--model", LOYAL, "--trials", "1", "--out", "runs/loyal"]
    return f"{shlex.join(parts)} && allegiance show runs/loyal 0"
