"""What a run was asked for, as it stands in ``run.json``: enough to go on with it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from allegiance.errors import UserError
from allegiance.experiment.configurations import Configuration, RunPlan
from allegiance.experiment.limits import Budget
from allegiance.stats.stop_rule import StopRule
from allegiance.trace.redact import REDACTED
from allegiance.trace.trials import SCHEMA
from allegiance.trace.wire import Wire

if TYPE_CHECKING:  # a manifest is read more often than an experiment is
    from allegiance.experiment.experiment import Experiment

MANIFEST = "run.json"


class Manifest(Wire):
    """The plan of a run.

    Attributes:
        schema_version: Version of this format.
        started: When the run was first started, ISO 8601.
        trials: Trials of each cell.
        seed: Seed of the run.
        limits: What a trial may use.
        shard: Which share of the trials this folder holds, as ``3/8``; empty for all.
        until: What ends a cell early, if anything does; ``trials`` is then their mean at most.
        budget: What the run may spend.
        configurations: The cells.
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

    def same_plan(self, other: Manifest) -> str | None:
        """Say in which field two runs differ, other than shard and time, or None."""
        for name in ("schema_version", "seed", "trials", "limits", "until", "configurations"):
            if getattr(self, name) != getattr(other, name):
                return name
        return None


def manifest_of(experiment: Experiment, plan: RunPlan, shard: str = "") -> Manifest:
    """Return the plan of a run, as it is written down.

    Args:
        experiment: The experiment.
        plan: Its cells, as its method ``plan`` returns them.
        shard: Which share of the trials is played; empty for all.

    Raises:
        UserError: For a share of another form, or one of a run that verdicts end, or two cells
            whose trials a table could not tell apart.
    """
    if shard and experiment.until is not None:
        raise UserError(f"--shard {shard!r}: a verdict needs all trials of a cell; drop one")
    for key, count in Counter(
        configuration.configuration_key for configuration in plan.configurations
    ).items():
        if count > 1:
            raise UserError(
                f"{key.scenario} with {key.model!r} is there {count} times, at several "
                "endpoints: give each a run of its own"
            )
    most = len(plan.configurations) * experiment.each
    if shard and parse_shard(shard)[0] > most:
        raise UserError(f"--shard {shard!r} holds none of the {most} trials; use fewer shares")
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
        base_url: The endpoint, where its credentials were kept out of the file.

    Raises:
        UserError: If there is none, it is damaged or of another schema, or it names an endpoint
            whose credentials are not on file.
    """
    path = folder / MANIFEST
    try:
        manifest = Manifest.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise UserError(f"{str(folder)!r} is not a run: there is no {MANIFEST} in it") from None
    except (OSError, ValidationError) as error:
        raise UserError(f"{str(path)!r} cannot be read: {error}") from error
    if manifest.schema_version != SCHEMA:
        raise UserError(
            f"{str(path)!r} has schema {manifest.schema_version}, this version reads {SCHEMA}"
        )
    configurations = []
    for configuration in manifest.configurations:
        if configuration.base_url and REDACTED in configuration.base_url:
            if base_url is None:
                raise UserError("the endpoint's credentials are not on file: give --base-url again")
            configuration = configuration.model_copy(update={"base_url": base_url})
        configurations.append(configuration)
    return manifest.model_copy(update={"configurations": tuple(configurations)})


def parse_shard(text: str) -> tuple[int, int]:
    """Read ``3/8`` as the third of eight shares.

    Raises:
        UserError: If it is of another form.
    """
    part, slash, of = text.partition("/")
    if slash and part.isdecimal() and of.isdecimal() and 1 <= int(part) <= int(of):
        return int(part), int(of)
    raise UserError(f"--shard {text!r} is not of the form K/N with 1 <= K <= N")
