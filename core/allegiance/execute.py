"""One run from the command line: workers or this process, a store, and live progress."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from allegiance.errors import UserError
from allegiance.manifest import Manifest
from allegiance.resume import Job, owed, share
from allegiance.run import play_all
from allegiance.store import Store, read
from allegiance.trace import Trial
from allegiance.trial import Limits, make_ready

Tick = Callable[[Trial], None]


def execute(
    manifest: Manifest,
    *,
    concurrency: int,
    workers: int,
    out: Path | None,
    resume: bool = False,
) -> tuple[list[Trial], bool]:
    """Play a plan into a folder and return its trials, and whether it was stopped by Ctrl-C.

    Args:
        manifest: The plan.
        concurrency: Trials in flight.
        workers: Worker processes; 0 plays in this process.
        out: Folder for the run; made up from the time by default.
        resume: Whether to go on with the run that is there.

    Raises:
        UserError: If a cell cannot be played, or the folder not written, or if it holds trials of
            another plan.
    """
    stands = [make_ready(cell) for cell in manifest.cells]  # what cannot be played is an error now
    jobs = share(stands, manifest)
    folder = out or Path("runs") / datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    limits, seed = Limits(**manifest.limits), manifest.seed
    ended: list[Trial] = []
    with Store(folder, None if resume else manifest) as store:
        if resume:
            ended += read(folder).trials
            jobs = owed(jobs, seed, ended)
        with _progress(len(jobs), folder) as tick:
            stopped = _play(jobs, store, ended, tick, seed, concurrency, workers, limits)
    if not ended:
        raise UserError("no trial was played")
    return ended, stopped


def _play(
    jobs: Sequence[Job],
    store: Store,
    ended: list[Trial],
    tick: Tick,
    seed: int,
    concurrency: int,
    workers: int,
    limits: Limits,
) -> bool:
    """Play trials into a store; return whether that was stopped by Ctrl-C."""

    def take(trial: Trial) -> None:
        store.append(trial)
        ended.append(trial)
        tick(trial)

    async def here() -> None:
        stream = play_all(jobs, seed=seed, concurrency=concurrency, limits=limits)
        async with aclosing(stream) as played:
            async for trial in played:
                take(trial)

    if not jobs:
        return False
    try:
        if workers:
            from allegiance.workers import play_in_processes

            for trial in play_in_processes(
                jobs, seed=seed, concurrency=concurrency, workers=workers, limits=limits
            ):
                take(trial)
        else:
            asyncio.run(here())
    except KeyboardInterrupt:
        return True
    return False


@contextmanager
def _progress(total: int, folder: Path) -> Iterator[Tick]:
    from rich.console import Console

    console = Console(stderr=True)
    counts: Counter[str] = Counter()

    def tally() -> str:
        return ", ".join(f"{n} {name}" for name, n in sorted(counts.items()))

    if console.is_terminal:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

        columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console) as bar:
            task = bar.add_task(str(folder), total=total)

            def advance(trial: Trial) -> None:
                counts[trial.outcome] += 1
                bar.update(task, advance=1, description=tally())

            yield advance
        return
    step = max(1, total // 10)

    def line(trial: Trial) -> None:
        counts[trial.outcome] += 1
        done = counts.total()
        if done % step == 0 or done == total:
            print(f"{done}/{total} trials: {tally()}", file=sys.stderr, flush=True)

    print(f"{total} trials into {folder}", file=sys.stderr, flush=True)
    yield line
