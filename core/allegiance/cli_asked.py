"""From the options of ``allegiance run`` to the plan of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import typer

from allegiance.errors import UserError

if TYPE_CHECKING:
    from allegiance.guard import Policy
    from allegiance.manifest import Manifest


def new_run(
    plan: str,
    scenarios: Sequence[str],
    arm: Sequence[str],
    asked: Mapping[str, Any],
    shard: str,
    until_verdict: bool,
    until: Mapping[str, Any],
) -> tuple[Manifest, dict[str, Any]]:
    """Return the plan of a new run, and how it is to be played."""
    from allegiance.arm import parse_factors
    from allegiance.experiment import Experiment
    from allegiance.experiment_file import load
    from allegiance.until import Until

    if plan and (scenarios or arm):
        raise UserError(f"--plan {plan!r} says what is played: drop SCENARIO and --arm")
    if not plan and not asked["models"]:
        raise UserError(
            "say what to measure: --model organism:loyal needs no key, --model openai:gpt-5.2 does"
        )
    block = {"arms": parse_factors(arm), "scenarios": tuple(scenarios) or None}
    experiment = load(plan) if plan else Experiment.model_validate({"blocks": [block]})
    if until_verdict:
        experiment = experiment.model_copy(update={"until": Until.model_validate(until)})
    experiment = experiment.override(**asked)
    cells = experiment.plan()
    for text in cells.left_out:
        typer.echo(f"left out: {text}", err=True)
    how = experiment.model_dump(include={"concurrency", "workers"})
    return experiment.manifest(cells, shard), how


def old_run(folder: Path, base_url: str | None, fixed: Mapping[str, Any]) -> Manifest:
    """Return the plan of a run that is gone on with."""
    from allegiance.manifest import read_manifest

    free = {"base_url", "concurrency", "workers"}
    names = [name for name, value in given(fixed).items() if name not in free]
    if names:
        options = ("SCENARIO" if n == "scenario" else f"--{n.replace('_', '-')}" for n in names)
        raise UserError(f"--resume takes the plan from the run: drop {', '.join(options)}")
    return read_manifest(folder, base_url)


def given(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that were given."""
    return {name: v for name, v in options.items() if v not in (None, (), [], "", {}, False)}


def as_policy(name: str) -> Policy | None:
    """Read the name of a guard's policy; an empty one is no guard.

    Raises:
        UserError: For another name.
    """
    from allegiance.guard import Policy

    for policy in get_args(Policy):
        if name == policy:
            return policy  # type: ignore[no-any-return]
    if name:
        raise UserError(f"--guard {name!r} is no policy; use {', '.join(get_args(Policy))}")
    return None
