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
from allegiance.plan import CellSpec
from allegiance.run import in_turn, play_all
from allegiance.store import Store
from allegiance.trace import Trial
from allegiance.trial import Limits, make_ready

Tick = Callable[[Trial], None]


def execute(
    cells: Sequence[CellSpec],
    *,
    trials: int,
    seed: int,
    concurrency: int,
    workers: int,
    limits: Limits,
    out: Path | None,
) -> tuple[list[Trial], bool]:
    """Play a plan into a folder and return its trials, and whether it was stopped by Ctrl-C.

    Args:
        cells: The cells.
        trials: Trials of each cell.
        seed: Seed of the run.
        concurrency: Trials in flight.
        workers: Worker processes; 0 plays in this process.
        limits: What a trial may use.
        out: Folder for the run; made up from the time by default.

    Raises:
        UserError: If a cell cannot be played, or the folder not written.
    """
    stands = [make_ready(cell) for cell in cells]  # what cannot be played is an error now
    jobs = in_turn(stands, trials)
    folder = out or Path("runs") / datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    manifest = {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "trials": trials,
        "seed": seed,
        "limits": vars(limits),
        "cells": [cell.model_dump(mode="json") for cell in cells],
    }
    ended: list[Trial] = []
    with Store(folder, manifest) as store, _progress(len(cells) * trials, folder) as tick:

        def take(trial: Trial) -> None:
            store.append(trial)
            ended.append(trial)
            tick(trial)

        async def here() -> None:
            stream = play_all(jobs, seed=seed, concurrency=concurrency, limits=limits)
            async with aclosing(stream) as played:
                async for trial in played:
                    take(trial)

        try:
            if workers:
                from allegiance.workers import play_in_processes

                for trial in play_in_processes(
                    jobs,
                    seed=seed,
                    concurrency=concurrency,
                    workers=workers,
                    limits=limits,
                ):
                    take(trial)
            else:
                asyncio.run(here())
        except KeyboardInterrupt:
            return ended, True
    if not ended:
        raise UserError("no trial was played")
    return ended, False


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
