"""From the options of ``allegiance run`` to the plan of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from allegiance.cli._print import say
from allegiance.cli._settings import (
    FIXED,
    RAY,
    Settings,
    read_settings,
    settings_group,
    spell,
)
from allegiance.errors import UserError

if TYPE_CHECKING:
    from allegiance.cli._options import (
        ExecutorOptions,
        FolderOptions,
        PlayOptions,
        StopOptions,
        SubjectOptions,
    )
    from allegiance.experiment.experiment import Experiment
    from allegiance.guard.decision import RunPolicy
    from allegiance.run.execution import ExecutionOptions
    from allegiance.store.manifest import Manifest

CHANGEABLE = ("base_url", "concurrency", "workers")
"""Options of a plan that may differ when a run continues."""


@dataclass(frozen=True)
class RunOptions:
    """All options of ``allegiance run`` that decide what is played and how.

    Attributes:
        scenarios: Ids; empty for all.
        price: Prices, as strings.
    """

    scenarios: Sequence[str]
    subject: SubjectOptions
    play: PlayOptions
    executor: ExecutorOptions
    stop: StopOptions
    folder: FolderOptions
    price: Sequence[str]

    def settings(self) -> Settings:
        """Return the checked values of ``--set`` and of the options that stand for a key."""
        options = {
            "limits.timeout": self.stop.timeout,
            "budget.cost": self.stop.max_cost,
            "until.max_rate": self.stop.max_rate,
        }
        return read_settings(self.executor.settings or (), options)

    def overrides(self) -> dict[str, Any]:
        """Return the values that replace those of a plan, by the plan's key."""
        return {
            "models": tuple(self.subject.model or ()),
            "adapters": tuple(self.subject.adapter or ()),
            "base_url": self.subject.base_url,
            "peer_model": self._peer_model(),
            "roles": tuple(text for text in self.play.role or () if not _is_peer(text)),
            "app": self.subject.app,
            "guard": as_policy(self.play.guard),
            "trials": self.subject.trials,
            "seed": self.play.seed,
            "concurrency": self.executor.concurrency,
            "workers": self.executor.workers,
        }

    def _peer_model(self) -> str:
        """Return the model of the peer: of ``--peer-model``, or of ``--role peer=MODEL``.

        Raises:
            UserError: If both name one, or the second names two.
        """
        models = [text.partition("=")[2] for text in self.play.role or () if _is_peer(text)]
        models += [self.play.peer_model] if self.play.peer_model else []
        if len(models) > 1:
            raise UserError(f"the peer has two models, {models[0]!r} and {models[1]!r}; drop one")
        return models[0] if models else ""


def _is_peer(text: str) -> bool:
    return text.partition("=")[0] == "peer"


def plan_run(options: RunOptions) -> tuple[Manifest, ExecutionOptions]:
    """Return the plan of a new or a continued run, and how its trials are played.

    Raises:
        UserError: If options contradict each other or a value cannot be used.
    """
    from allegiance.run.execution import ExecutionOptions
    from allegiance.run.prices import parse_prices

    settings = options.settings()
    until = settings_group(settings, "until")
    if until and not options.stop.until_verdict:
        names = (spell(f"until.{name}", value) for name, value in until.items())
        raise UserError(f"add --until-verdict, or drop {', '.join(names)}")
    if options.folder.resume is not None:
        manifest = continued_run(options.folder.resume, options)
        defaults = {"concurrency": 8, "workers": 0}
    else:
        experiment = read_experiment(options, until)
        manifest = new_run(experiment, options.folder.shard)
        defaults = experiment.model_dump(include={"concurrency", "workers"})
    prices = {m: (p.input, p.output) for m, p in parse_prices(options.price).items()}
    resumed = options.folder.resume is not None
    budget = {**manifest.budget.model_dump(), **settings_group(settings, "budget")}
    manifest = manifest.model_copy(
        update={
            "limits": merge_limits(manifest.limits, settings, prices, resumed=resumed),
            "budget": type(manifest.budget).model_validate(budget),
        }
    )
    executor = options.executor
    return manifest, ExecutionOptions(
        **{**defaults, **given_options({n: getattr(executor, n) for n in defaults})},
        executor=executor.executor,
        address=settings.get(RAY),
        cache=executor.cache,
    )


def read_experiment(options: RunOptions, until: Mapping[str, Any]) -> Experiment:
    """Return the experiment that the options describe.

    Args:
        options: The options of a new run.
        until: Values for the experiment's stop rule; used with ``--until-verdict`` only.
    """
    from allegiance.experiment.experiment import Experiment
    from allegiance.experiment.files import load
    from allegiance.stats.stop_rule import StopRule
    from allegiance.trace.condition import parse_factors

    plan, scenarios, factors = options.play.plan, options.scenarios, options.play.factor or ()
    overrides = options.overrides()
    if plan and (scenarios or factors):
        raise UserError(f"--plan {plan!r} determines what is played: drop SCENARIO and --factor")
    if not plan and not overrides["models"]:
        raise UserError(
            "no model is named: add --model scripted:loyal, which needs no key, or "
            "--model openai:gpt-5.2"
        )
    block = {"factors": parse_factors(factors), "scenarios": tuple(scenarios) or None}
    experiment = load(plan) if plan else Experiment.model_validate({"blocks": [block]})
    if options.stop.until_verdict:
        planned = experiment.until.model_dump() if experiment.until else {}
        rule = StopRule.model_validate({**planned, **until})
        experiment = experiment.model_copy(update={"until": rule})
    return experiment.override(**overrides)


def new_run(experiment: Experiment, shard: str) -> Manifest:
    """Return the plan of a new run; name the combinations that are left out on stderr."""
    from allegiance.store.manifest import manifest_of

    plan = experiment.plan()
    for text in plan.left_out:
        say(f"left out: {text}", err=True)
    return manifest_of(experiment, plan, shard)


def continued_run(folder: Path, options: RunOptions) -> Manifest:
    """Return the plan of a run that is continued.

    Raises:
        UserError: If an option would change what the run plays.
    """
    from allegiance.store.manifest import read_manifest
    from allegiance.trace.redact import redact

    base_url = options.subject.base_url
    values = {
        "scenario": options.scenarios,
        **asdict(options.subject),
        **asdict(options.play),
        "out": options.folder.out,
        "shard": options.folder.shard,
        "until_verdict": options.stop.until_verdict,
    }
    names = [name for name in given_options(values) if name not in CHANGEABLE]
    if names:
        spelled = ("SCENARIO" if n == "scenario" else f"--{n.replace('_', '-')}" for n in names)
        raise UserError(f"--resume takes the plan from the run: drop {', '.join(spelled)}")
    manifest = read_manifest(folder, base_url)
    if base_url and all(c.base_url != base_url for c in manifest.configurations):
        raise UserError(f"--base-url {redact(base_url)!r} is not the run's endpoint: drop it")
    return manifest


def given_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that have a value; 0 is a value, False and an empty string are not."""
    number = (int, float)
    return {
        name: value
        for name, value in options.items()
        if value or (isinstance(value, number) and value is not False)
    }


def merge_limits(
    planned: Mapping[str, Any],
    settings: Settings,
    prices: Mapping[str, tuple[float, float]],
    *,
    resumed: bool,
) -> dict[str, Any]:
    """Return what a trial may use: the values of the plan, replaced by those of the options.

    Args:
        planned: The limits of the plan.
        settings: Values by key; those of the group ``limits`` are used.
        prices: Prices by model, which take precedence over those of the plan.
        resumed: Whether the run has trials already.

    Raises:
        UserError: If a run continues with another limit: its trials would be of two kinds.
    """
    limits = settings_group(settings, "limits")
    for name, value in limits.items():
        key = f"limits.{name}"
        if resumed and key in FIXED and value != planned.get(name):
            raise UserError(
                f"{spell(key, value)}: the trials of this run had "
                f"{planned.get(name)!r}, and all trials of a run have the same limits; drop it, "
                "or start a new run"
            )
    return {**planned, **limits, "prices": {**planned.get("prices", {}), **prices}}


def as_policy(name: str) -> RunPolicy | None:
    """Return the policy of a guard; None for an empty name.

    Raises:
        UserError: For an unknown name, and for ``ask``: trials are played unattended.
    """
    from allegiance.guard.decision import RunPolicy

    known = get_args(RunPolicy)
    for policy in known:
        if name == policy:
            return policy  # type: ignore[no-any-return]
    if name == "ask":
        raise UserError(f"--guard 'ask': nobody can be asked in a run; use {', '.join(known)}")
    if name:
        raise UserError(f"--guard {name!r} is not a policy; use {', '.join(known)}")
    return None
