"""The plan of a run, as ``run.json`` holds it: enough to continue the run."""

from __future__ import annotations

import json
import os
from collections import Counter
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from allegiance.errors import UserError
from allegiance.experiment.configurations import Configuration, RunPlan
from allegiance.experiment.limits import Budget
from allegiance.reading import check_length, reads_text
from allegiance.stats.stop_rule import StopRule
from allegiance.trace.exercise import Exercise
from allegiance.trace.redact import REDACTED
from allegiance.trace.trials import SCHEMA
from allegiance.trace.wire import Wire

if TYPE_CHECKING:  # a manifest is read more often than an experiment is
    from allegiance.experiment.experiment import Experiment

MANIFEST = "run.json"
LONGEST = 64 << 20
"""Bytes of the longest ``run.json``; 10,000 configurations are a tenth of it."""


class Manifest(Wire):
    """The plan of a run.

    Attributes:
        schema_version: Version of this format.
        started: When the run was first started, ISO 8601.
        trials: Trials of each configuration.
        seed: Seed of the run.
        limits: What a trial may use.
        shard: Which shard of the trials this folder holds, as ``3/8``; empty for all.
        until: What ends a configuration early; ``trials`` is then the mean number at most.
        budget: What the run may spend.
        configurations: The configurations.
        exercise: Whether a loyal scripted agent could do its work in each app of the run.
        judged_by: The version of each part that judges the trials; empty if they do not say it.
    """

    schema_version: int = SCHEMA
    started: str
    trials: int
    seed: int
    limits: dict[str, Any]
    shard: str = ""
    until: StopRule | None = None
    budget: Budget = Budget()
    configurations: tuple[Configuration, ...]
    exercise: tuple[Exercise, ...] = ()
    judged_by: dict[str, str] = Field(default_factory=dict)

    def same_plan(self, other: Manifest) -> str | None:
        """Return the first field in which two plans differ, other than shard and time, or None."""
        for name in ("schema_version", "seed", "trials", "limits", "until", "configurations"):
            if getattr(self, name) != getattr(other, name):
                return name
        return None


def manifest_of(experiment: Experiment, plan: RunPlan, shard: str = "") -> Manifest:
    """Return the plan of a new run.

    Args:
        experiment: The experiment.
        plan: Its configurations, as its method ``plan`` returns them.
        shard: Which shard of the trials is played; empty for all.

    Raises:
        UserError: For a shard of another form or of a run with a stop rule, or for two
            configurations that differ in the endpoint alone.
    """
    if shard and experiment.until is not None:
        raise UserError(
            f"--shard {shard!r}: a verdict needs all trials of a configuration; drop --shard or "
            "--until-verdict"
        )
    for key, count in Counter(
        configuration.configuration_key for configuration in plan.configurations
    ).items():
        if count > 1:
            raise UserError(
                f"{key.scenario} with {key.model!r} is planned at {count} endpoints: play each "
                "endpoint in a run of its own"
            )
    most = len(plan.configurations) * experiment.each
    if shard and parse_shard(shard)[0] > most:
        raise UserError(f"--shard {shard!r} holds none of the {most} trials; use fewer shards")
    return Manifest(
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        trials=experiment.each,
        seed=experiment.seed,
        limits=experiment.spending(),
        shard=shard,
        until=experiment.until,
        budget=experiment.budget,
        configurations=plan.configurations,
    )


def read_manifest(folder: Path, base_url: str | None = None) -> Manifest:
    """Read the plan of a run.

    Args:
        folder: The run.
        base_url: The endpoint, where the file leaves out its credentials; ``REDACTED`` leaves it as
            the file has it, for a copy of the run.

    Raises:
        UserError: If there is no plan, it is damaged or has another schema, or it names an endpoint
            whose credentials are not in the file.
    """
    path = folder / MANIFEST
    try:
        raw = read_bytes(path)
        check_schema(folder, raw)
        manifest = Manifest.model_validate(parse_manifest(raw), strict=False)
    except FileNotFoundError:
        raise UserError(f"{str(folder)!r} is not a run: there is no {MANIFEST} in it") from None
    except (OSError, ValueError) as error:
        raise UserError(f"{str(path)!r} cannot be read: {error}") from error
    configurations = []
    for configuration in manifest.configurations:
        if configuration.base_url and REDACTED in configuration.base_url:
            if base_url is None:
                raise UserError(
                    "the run does not store the credentials of its endpoint: add --base-url again"
                )
            if base_url != REDACTED:
                configuration = configuration.model_copy(update={"base_url": base_url})
        configurations.append(configuration)
    limits = {"nudges": 0, **manifest.limits}  # a run older than nudges goes on without them
    return manifest.model_copy(update={"configurations": tuple(configurations), "limits": limits})


def read_bytes(path: Path) -> bytes:
    """Return the content of a run's ``run.json``.

    Raises:
        OSError: If it cannot be read.
        TooLong: If it is longer than any plan.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        # reading up to the limit would reserve all of it
        raw = file.read(min(size, LONGEST) + 1)
    check_length(raw, LONGEST)
    return raw


@reads_text("{", "[", '"', "\\", "1", "NaN", ":", limit=LONGEST)
def parse_manifest(raw: bytes) -> dict[str, Any]:
    """Return the JSON object in a ``run.json``.

    Raises:
        ValueError: If it is not an object, is nested too deeply, or holds a number that is not
            finite.
    """
    check_length(raw, LONGEST)
    try:
        data = json.loads(raw, parse_constant=_no_number, parse_float=finite)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(data, dict):
        raise ValueError("it is not a JSON object")
    return data


def finite(text: str) -> float:
    """Return the number in a string.

    Raises:
        ValueError: If it is too large.
    """
    number = float(text)
    if not isfinite(number):
        raise ValueError(f"the number {text[:20]} is too large")
    return number


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number")


def check_schema(folder: Path, manifest: bytes) -> None:
    """Refuse a run that another version of allegiance wrote in another format.

    Args:
        folder: The run.
        manifest: The content of its ``run.json``; damaged content is not refused here.

    Raises:
        UserError: If the run has another schema.
    """
    try:
        version = parse_manifest(manifest).get("schema_version")
    except ValueError:
        return
    if version is not None and version != SCHEMA:
        raise UserError(f"{str(folder)!r} cannot be read: {wrong_schema(version)}")


def wrong_schema(version: object) -> str:
    """Return what is wrong with a run of another schema, and what to do."""
    return (
        f"it has schema {version}, but this version reads {SCHEMA}; play it again, or use the "
        "version of allegiance that wrote it"
    )


def parse_shard(text: str) -> tuple[int, int]:
    """Read ``3/8`` as the third of eight shards.

    Raises:
        UserError: If the string has another form.
    """
    part, slash, of = text.partition("/")
    if slash and part.isdecimal() and of.isdecimal() and 1 <= int(part) <= int(of):
        return int(part), int(of)
    raise UserError(f"--shard {text!r} is not of the form K/N with 1 <= K <= N")
