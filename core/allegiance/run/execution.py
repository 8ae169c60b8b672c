"""Executing a run: playing its trials and writing them into a folder."""

from __future__ import annotations

import gc
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, aclosing, contextmanager, nullcontext
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from allegiance.errors import UserError
from allegiance.experiment.configurations import Configuration
from allegiance.experiment.limits import Limits
from allegiance.play.prepared import PreparedConfiguration, prepare
from allegiance.play.versions import versions_of
from allegiance.run.canary import exercise
from allegiance.run.loop import run_in_loop
from allegiance.run.meter import pricing, usage_by_role
from allegiance.run.pool import play_all
from allegiance.run.resume import TrialMatcher, share
from allegiance.run.schedule import BudgetedSchedule, FixedSchedule, SequentialSchedule
from allegiance.stats.sequential import SequentialState
from allegiance.store.manifest import MANIFEST, Manifest
from allegiance.store.writer import Store, read
from allegiance.trace.exercise import Exercise
from allegiance.trace.trials import Trial
from allegiance.trace.visible import printable

Tick = Callable[[Trial], None]
Progress = Callable[[int, Path], AbstractContextManager[Tick]]
"""Takes the number of trials and the run's folder; yields a function to call with each trial."""
EXECUTORS = ("local", "ray")


@dataclass(frozen=True)
class ExecutionOptions:
    """How trials are played; this has no influence on their outcomes.

    Attributes:
        concurrency: Trials in flight.
        workers: Worker processes; 0 plays in this process.
        executor: ``local`` or ``ray``.
        address: A running Ray cluster; None starts one on this machine.
        cache: Folder of earlier answers of models, see ``Limits``.
    """

    concurrency: int = 8
    workers: int = 0
    executor: str = "local"
    address: str | None = None
    cache: Path | None = None

    def __post_init__(self) -> None:
        if self.executor not in EXECUTORS:
            raise UserError(f"unknown executor {self.executor!r}; use {' or '.join(EXECUTORS)}")
        if self.address and self.executor != "ray":
            raise UserError(f"ray.address={self.address!r} is a Ray cluster: add --executor ray")


@dataclass(frozen=True)
class RunResult:
    """A run that has ended.

    Attributes:
        folder: Folder of the run.
        outcomes: Trials by outcome, including those of a run that was continued.
        stopped: Why some trials were not played; empty if all were.
        interrupted: Whether Ctrl-C ended it.
        states: Verdicts by configuration and behaviour, for a run with a stop rule.
        exercise: Whether a loyal scripted agent could do its work in each app of the run.
    """

    folder: Path
    outcomes: Counter[str]
    stopped: str = ""
    interrupted: bool = False
    states: tuple[tuple[Configuration, str, SequentialState], ...] = ()
    exercise: tuple[Exercise, ...] = ()


def execute(
    manifest: Manifest,
    options: ExecutionOptions,
    *,
    out: Path | None = None,
    resume: bool = False,
    progress: Progress | None = None,
) -> RunResult:
    """Play a plan into a folder.

    Args:
        manifest: The plan.
        options: How trials are played.
        out: Folder for the run; named after the time by default.
        resume: Whether to continue the run that is in the folder.
        progress: Shows the progress of the run; None shows nothing.

    Raises:
        UserError: If a configuration cannot be played, the folder cannot be written or holds trials
            of another plan, or a cost is limited and a model has no price.
    """
    # what cannot be played or priced is an error before there is a folder
    prepared_configurations = [prepare(configuration) for configuration in manifest.configurations]
    schedule = _schedule(prepared_configurations, manifest)
    price = _price(prepared_configurations, manifest)
    if not resume:
        played = exercise(manifest.configurations, seed=manifest.seed, limits=_limits(manifest))
        judges = versions_of(*(prepared.setup.stage for prepared in prepared_configurations))
        manifest = manifest.model_copy(update={"exercise": played, "judged_by": judges})
    folder = out or Path("runs") / datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    outcomes: Counter[str] = Counter()
    with _frozen(), Store(folder, None if resume else manifest) as store:
        budgeted = BudgetedSchedule(schedule, manifest.budget, price)  # its clock starts now
        if resume:
            matcher = TrialMatcher(prepared_configurations, manifest.seed)
            outcomes += _take_back(folder, matcher, budgeted, store)
        shown = progress(budgeted.schedule.left, folder) if progress else nullcontext(_ignore)
        with shown as show:

            def take(trial: Trial) -> None:
                store.append(trial)
                outcomes[trial.outcome] += 1
                show(trial)

            interrupted = _play(budgeted, take, manifest, options)
    if not outcomes and not interrupted:
        raise UserError(budgeted.stopped or "no trial was played")
    states = tuple(budgeted.schedule.states())
    return RunResult(folder, outcomes, budgeted.stopped, interrupted, states, manifest.exercise)


def _take_back(
    folder: Path, matcher: TrialMatcher, budgeted: BudgetedSchedule, store: Store
) -> Counter[str]:
    """Count the trials that the folder holds as played, and set damaged lines aside.

    Returns:
        These trials by outcome.
    """
    outcomes: Counter[str] = Counter()
    before = read(folder)
    for trial in before.trials:
        budgeted.played(matcher.claim(trial, before), trial)
        outcomes[trial.outcome] += 1
    for problem in before.problems:
        print(printable(f"set aside, to be played again: {problem}"), file=sys.stderr)
    if before.problems:
        store.set_damaged_lines_aside()
    return outcomes


def _ignore(trial: Trial) -> None:
    """Ignore a trial."""


@contextmanager
def _frozen() -> Iterator[None]:
    """Spare what is loaded now the garbage collections, since it stays loaded."""
    if gc.get_freeze_count():  # the caller froze objects and will unfreeze them
        yield
        return
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _limits(manifest: Manifest) -> Limits:
    """Return what a trial may use.

    Raises:
        UserError: If the limits in the run's file cannot be used.
    """
    names = [field.name for field in fields(Limits)]
    if unknown := sorted(manifest.limits.keys() - set(names)):
        raise UserError(
            f"{MANIFEST} has an unknown limit {unknown[0]!r}; the limits are {', '.join(names)}"
        )
    try:
        return TypeAdapter(Limits).validate_python(manifest.limits)
    except ValidationError as error:
        raise UserError(f"{MANIFEST} has limits that cannot be used: {error}") from error


def _schedule(
    prepared_configurations: Sequence[PreparedConfiguration], manifest: Manifest
) -> FixedSchedule | SequentialSchedule:
    if manifest.until is not None:
        return SequentialSchedule(
            prepared_configurations, manifest.trials, manifest.until, manifest.seed
        )
    return FixedSchedule(share(prepared_configurations, manifest))


def _price(
    prepared_configurations: Sequence[PreparedConfiguration], manifest: Manifest
) -> Callable[[Trial], float]:
    """Return a function that prices a trial in US dollars; 0 where no cost is limited."""
    limits = _limits(manifest)
    if manifest.budget.cost is None and limits.cost is None:
        return lambda _: 0.0
    own = limits.prices
    roles = {
        (s.setup.roles.critic.spec, s.setup.roles.names): s.spec for s in prepared_configurations
    }
    prices = {models: pricing(spec, own) for models, spec in roles.items()}
    return lambda t: prices[t.trace.model, t.trace.peer_model](usage_by_role(t))


def _play(
    budgeted: BudgetedSchedule, take: Tick, manifest: Manifest, options: ExecutionOptions
) -> bool:
    """Play trials and pass each to ``take``; return whether Ctrl-C ended that."""
    limits = _limits(manifest)
    if options.cache is not None:
        limits = replace(limits, cache=str(options.cache.absolute()))
    common: dict[str, Any] = {
        "seed": manifest.seed,
        "limits": limits,
        "concurrency": options.concurrency,
        "on_trial": budgeted.on_trial,
    }

    async def play_in_this_process() -> None:
        async with aclosing(play_all(budgeted, **common)) as played:
            async for trial in played:
                take(trial)

    try:
        if options.executor == "ray":
            from allegiance.run.ray import play_on_ray

            for trial in play_on_ray(budgeted, address=options.address, **common):
                take(trial)
        elif options.workers:
            from allegiance.run.processes import play_in_processes

            for trial in play_in_processes(budgeted, workers=options.workers, **common):
                take(trial)
        else:
            run_in_loop(play_in_this_process())
    except KeyboardInterrupt:
        return True
    return False
