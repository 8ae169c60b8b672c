"""One whole run: workers or this process, and a store."""

from __future__ import annotations

import asyncio
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
from allegiance.play.trial import PreparedConfiguration, prepare
from allegiance.run.meter import pricing
from allegiance.run.pool import play_all
from allegiance.run.resume import TrialMatcher, share
from allegiance.run.schedule import BudgetedSchedule, FixedSchedule, SequentialSchedule
from allegiance.stats.sequential import SequentialState
from allegiance.store.manifest import MANIFEST, Manifest
from allegiance.store.writer import Store, read
from allegiance.trace.trials import Trial

Tick = Callable[[Trial], None]
Progress = Callable[[int, Path], AbstractContextManager[Tick]]
"""From how many trials are to come, and the run's folder, to what is told of each as it ends."""
EXECUTORS = ("local", "ray")


@dataclass(frozen=True)
class ExecutionOptions:
    """How trials are played; it has no influence on what comes out.

    Attributes:
        concurrency: Trials in flight.
        workers: Worker processes; 0 plays in this process.
        executor: ``local`` or ``ray``.
        address: A running Ray cluster; None starts one on this machine.
        cache: Folder of the answers that models gave earlier, see ``Limits``.
    """

    concurrency: int = 8
    workers: int = 0
    executor: str = "local"
    address: str | None = None
    cache: Path | None = None

    def __post_init__(self) -> None:
        if self.executor not in EXECUTORS:
            raise UserError(f"unknown executor {self.executor!r}; there are {', '.join(EXECUTORS)}")
        if self.address and self.executor != "ray":
            raise UserError(f"--address {self.address!r} is of a Ray cluster: add --executor ray")


@dataclass(frozen=True)
class RunResult:
    """A run that has ended.

    Attributes:
        folder: Where it is.
        outcomes: Trials by outcome, earlier sittings included.
        stopped: Why not all of it was played, if so.
        interrupted: Whether it was stopped by Ctrl-C.
        states: What is known of every cell and behaviour, where verdicts end cells.
    """

    folder: Path
    outcomes: Counter[str]
    stopped: str = ""
    interrupted: bool = False
    states: tuple[tuple[Configuration, str, SequentialState], ...] = ()


def execute(
    manifest: Manifest,
    how: ExecutionOptions,
    *,
    out: Path | None = None,
    resume: bool = False,
    progress: Progress | None = None,
) -> RunResult:
    """Play a plan into a folder.

    Args:
        manifest: The plan.
        how: How trials are played.
        out: Folder for the run; made up from the time by default.
        resume: Whether to go on with the run that is there.
        progress: Shows how far the run is; None shows nothing.

    Raises:
        UserError: If a cell cannot be played, or the folder not written, or if it holds trials of
            another plan, or money is limited and there is a model without a price.
    """
    prepared_configurations = [
        prepare(configuration) for configuration in manifest.configurations
    ]  # what cannot be played is an error now
    folder = out or Path("runs") / datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    outcomes: Counter[str] = Counter()
    schedule, price = (
        _schedule(prepared_configurations, manifest),
        _price(prepared_configurations, manifest),
    )  # so is this
    with _frozen(), Store(folder, None if resume else manifest) as store:
        within = BudgetedSchedule(
            schedule, manifest.budget, price
        )  # the clock of the budget starts
        if resume:
            outcomes += _take_back(
                folder, TrialMatcher(prepared_configurations, manifest.seed), within, store
            )
        showing = progress(within.schedule.left, folder) if progress else nullcontext(_ignore)
        with showing as tick:

            def take(trial: Trial) -> None:
                store.append(trial)
                outcomes[trial.outcome] += 1
                tick(trial)

            interrupted = _play(within, take, manifest, how)
    if not outcomes and not interrupted:
        raise UserError(within.stopped or "no trial was played")
    return RunResult(folder, outcomes, within.stopped, interrupted, tuple(within.schedule.states()))


def _take_back(
    folder: Path, roll: TrialMatcher, within: BudgetedSchedule, store: Store
) -> Counter[str]:
    """Take in what earlier sittings played, and set aside what of it cannot be read.

    Returns:
        Their trials by outcome.
    """
    outcomes: Counter[str] = Counter()
    before = read(folder)
    for trial in before.trials:
        within.played(roll.claim(trial), trial)
        outcomes[trial.outcome] += 1
    for problem in before.problems:
        print(f"set aside, and owed again: {problem}", file=sys.stderr)
    if before.problems:
        store.set_damaged_lines_aside()
    return outcomes


def _ignore(trial: Trial) -> None:
    """Show nothing of a trial."""


@contextmanager
def _frozen() -> Iterator[None]:
    """Let no collection walk over what is loaded now, since it stays."""
    if gc.get_freeze_count():  # somebody else's doing, and theirs to undo
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
        UserError: If the file of the run says something else than limits.
    """
    names = [field.name for field in fields(Limits)]
    if unknown := sorted(manifest.limits.keys() - set(names)):
        raise UserError(
            f"{MANIFEST} has a limit {unknown[0]!r}, which is none; they are {', '.join(names)}"
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
    """Return what a trial costs in US dollars; 0 where neither the run nor a trial has a limit."""
    limits = _limits(manifest)
    if manifest.budget.cost is None and limits.cost is None:
        return lambda _: 0.0
    own = limits.prices
    roles = {
        (s.setup.roles.critic.spec, s.setup.roles.peer.spec): s.spec
        for s in prepared_configurations
    }
    prices = {models: pricing([spec], own) for models, spec in roles.items()}
    return lambda t: prices[t.trace.model, t.trace.peer_model](t.trace.usage)


def _play(within: BudgetedSchedule, take: Tick, manifest: Manifest, how: ExecutionOptions) -> bool:
    """Play trials and hand them on; return whether that was stopped by Ctrl-C."""
    limits = _limits(manifest)
    if how.cache is not None:
        limits = replace(limits, cache=str(how.cache.absolute()))
    seed = manifest.seed
    given: dict[str, Any] = {"seed": seed, "limits": limits, "concurrency": how.concurrency}

    async def here() -> None:
        async with aclosing(play_all(within, took=within.took, **given)) as played:
            async for trial in played:
                take(trial)

    try:
        if how.executor == "ray":
            from allegiance.run.ray import play_on_ray

            for trial in play_on_ray(within, address=how.address, took=within.took, **given):
                take(trial)
        elif how.workers:
            from allegiance.run.processes import play_in_processes

            for trial in play_in_processes(within, workers=how.workers, took=within.took, **given):
                take(trial)
        else:
            asyncio.run(here())
    except KeyboardInterrupt:
        return True
    return False
