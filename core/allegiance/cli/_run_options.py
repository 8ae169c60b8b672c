"""From the options of ``allegiance run`` to the plan of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import typer

from allegiance.errors import UserError

if TYPE_CHECKING:
    from allegiance.experiment.limits import Budget
    from allegiance.guard.decision import Policy
    from allegiance.store.manifest import Manifest

SAME = ("timeout", "turns", "tokens", "cost")
"""Limits of a trial that decide how it ends."""
OPTIONS = {"tokens": "trial-tokens", "cost": "trial-cost", "request": "request-timeout"}


def new_run(
    plan: str,
    scenarios: Sequence[str],
    condition: Sequence[str],
    asked: Mapping[str, Any],
    shard: str,
    until_verdict: bool,
    until: Mapping[str, Any],
) -> tuple[Manifest, dict[str, Any]]:
    """Return the plan of a new run, and how it is to be played."""
    from allegiance.experiment.experiment import Experiment
    from allegiance.experiment.files import load
    from allegiance.stats.stop_rule import StopRule
    from allegiance.store.manifest import manifest_of
    from allegiance.trace.condition import parse_factors

    if plan and (scenarios or condition):
        raise UserError(f"--plan {plan!r} says what is played: drop SCENARIO and --factor")
    if not plan and not asked["models"]:
        raise UserError(
            "say what to measure: --model scripted:loyal needs no key, --model openai:gpt-5.2 does"
        )
    block = {"conditions": parse_factors(condition), "scenarios": tuple(scenarios) or None}
    experiment = load(plan) if plan else Experiment.model_validate({"blocks": [block]})
    if until_verdict:
        said = experiment.until.model_dump() if experiment.until else {}
        test = StopRule.model_validate({**said, **until})
        experiment = experiment.model_copy(update={"until": test})
    experiment = experiment.override(**asked)
    configurations = experiment.plan()
    for text in configurations.left_out:
        typer.echo(f"left out: {text}", err=True)
    how = experiment.model_dump(include={"concurrency", "workers"})
    return manifest_of(experiment, configurations, shard), how


def old_run(folder: Path, base_url: str | None, fixed: Mapping[str, Any]) -> Manifest:
    """Return the plan of a run that is gone on with."""
    from allegiance.store.manifest import read_manifest
    from allegiance.trace.redact import redact

    free = {"base_url", "concurrency", "workers"}
    names = [name for name, value in given(fixed).items() if name not in free]
    if names:
        options = ("SCENARIO" if n == "scenario" else f"--{n.replace('_', '-')}" for n in names)
        raise UserError(f"--resume takes the plan from the run: drop {', '.join(options)}")
    manifest = read_manifest(folder, base_url)
    if base_url and all(
        configuration.base_url != base_url for configuration in manifest.configurations
    ):
        raise UserError(f"--base-url {redact(base_url)!r} is not the run's endpoint: drop it")
    return manifest


def given(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that were given; a number is one, also if it is 0."""
    number = (int, float)
    return {
        name: value
        for name, value in options.items()
        if value or (isinstance(value, number) and value is not False)
    }


def as_budget(before: Budget, asked: Mapping[str, float | None]) -> Budget:
    """Return what a run may spend, with what was asked for in place of what was said before.

    Raises:
        UserError: For a number that is no amount.
    """
    from allegiance.experiment.limits import Budget

    found = given(asked)
    for name, value in found.items():
        if not 0 < value < inf:
            raise UserError(f"--max-{name} {value!r} is no amount to spend; give one above 0")
    return Budget.model_validate({**before.model_dump(), **found})


def as_limits(
    before: Mapping[str, Any], asked: Mapping[str, Any], *, resumed: bool
) -> dict[str, Any]:
    """Return what a trial may use, with what was asked for in place of what was said before.

    Raises:
        UserError: For a number that is no amount, or where trials that were played already had
            another limit: their outcomes and those to come would not be of one kind.
    """
    found = given(asked)
    for name, value in found.items():
        option = "--" + OPTIONS.get(name, name)
        if isinstance(value, float) and not 0 < value < inf:
            raise UserError(f"{option} {value!r} is no limit; give a number above 0")
        if resumed and name in SAME and value != before.get(name):
            raise UserError(
                f"{option} {value!r}: the trials of this run had {before.get(name)!r}, and those "
                "to come must have the same; drop it, or start a new run"
            )
    prices = {**before.get("prices", {}), **asked.get("prices", {})}
    return {**before, **found, "prices": prices}


def as_policy(name: str) -> Policy | None:
    """Read the name of a guard's policy; an empty one is no guard.

    Raises:
        UserError: For another name.
    """
    from allegiance.guard.decision import Policy

    for policy in get_args(Policy):
        if name == policy:
            return policy  # type: ignore[no-any-return]
    if name:
        raise UserError(f"--guard {name!r} is no policy; use {', '.join(get_args(Policy))}")
    return None
