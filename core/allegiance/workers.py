"""Worker processes: for frameworks whose trials cost more CPU than one core has.

Each worker plays its share of the trials in an event loop of its own and sends every trial back as
it ends; the parent alone writes. What a worker that died had not finished is recorded as an error.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection, wait

from allegiance.errors import UserError
from allegiance.plan import CellSpec
from allegiance.run import play_all
from allegiance.store import line
from allegiance.trace import Trial
from allegiance.trial import Limits, Stand, lost, make_ready

Share = list[tuple[CellSpec, int]]
_UNUSABLE = b"!"
"""Begins what a worker sends in place of a trial if what the user gave cannot be used."""


def play_in_processes(
    jobs: Sequence[tuple[Stand, int]],
    *,
    seed: int,
    concurrency: int,
    workers: int,
    limits: Limits,
) -> Iterator[Trial]:
    """Yield trials as worker processes finish them.

    Args:
        jobs: The trials: a cell and an index each.
        seed: Seed of the run.
        concurrency: Trials in flight, over all workers.
        workers: Number of processes.
        limits: What a trial may use.

    Raises:
        UserError: If what the user gave cannot be used.
    """
    workers = min(workers, len(jobs))
    each = max(1, concurrency // workers)
    context = multiprocessing.get_context("spawn")
    running = {}
    for n in range(workers):
        mine = jobs[n::workers]
        ours, theirs = context.Pipe(duplex=False)
        share: Share = [(stand.spec, index) for stand, index in mine]
        process = context.Process(
            target=_work, args=(share, seed, each, limits, theirs), daemon=True
        )
        process.start()
        theirs.close()
        running[ours] = (process, {stand.key(seed, i): (stand, i) for stand, i in mine})
    try:
        while running:
            for channel in wait(list(running)):
                assert isinstance(channel, Connection)
                process, owed = running[channel]
                try:
                    data = channel.recv_bytes()
                except (EOFError, OSError):  # the worker is through, or dead
                    process.join()
                    del running[channel]
                    channel.close()
                    cause = f"WorkerDied: exit code {process.exitcode}"
                    yield from (lost(stand, i, seed, cause) for stand, i in owed.values())
                else:
                    if data.startswith(_UNUSABLE):
                        raise UserError(data.removeprefix(_UNUSABLE).decode())
                    trial = Trial.model_validate_json(data)
                    owed.pop(trial.trace.key, None)
                    yield trial
    finally:
        for channel, (process, _) in running.items():
            process.terminate()
            process.join()
            channel.close()


def _work(share: Share, seed: int, concurrency: int, limits: Limits, channel: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop

    async def play_share() -> None:
        ready = {spec: make_ready(spec) for spec in dict.fromkeys(spec for spec, _ in share)}
        jobs = [(ready[spec], index) for spec, index in share]
        async for trial in play_all(jobs, seed=seed, concurrency=concurrency, limits=limits):
            channel.send_bytes(line(trial))

    try:
        asyncio.run(play_share())
    except UserError as error:
        channel.send_bytes(_UNUSABLE + str(error).encode("utf-8", "replace"))
