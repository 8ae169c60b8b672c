"""Worker processes: for frameworks whose trials cost more CPU than one core has.

The parent hands out trials as workers have room for them and alone writes what comes back. A worker
that dies is replaced and what it had in hand is played again, a few times at most: a trial that
kills its worker again and again is recorded as an error.
"""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext

from allegiance.errors import UserError
from allegiance.experiment.limits import Limits
from allegiance.play.trial import PreparedConfiguration, lost_trial, play, prepare
from allegiance.run.meter import trial_price
from allegiance.store.writer import line
from allegiance.trace.trials import Trial

Job = tuple[PreparedConfiguration, int]
Turn = tuple[PreparedConfiguration, int, int]
"""A trial to play: its cell, its index, and how many workers have died while they played it."""
TRIES = 3
STILLBORN = 10
"""So many workers may die in a row without one having begun with a trial, or ended one."""
_UNUSABLE, _BEGUN = b"!", b"+"
"""Begin what a worker sends in place of a trial: why it cannot play, or which one it plays now."""


class JobQueue:
    """The trials that are still to be handed out: those of the plan, and those to play again.

    Args:
        jobs: The trials, drawn one by one as there is room for them.
        seed: Seed of the run.
    """

    def __init__(self, jobs: Iterable[Job], seed: int) -> None:
        self._jobs = iter(jobs)
        self._again: deque[Turn] = deque()
        self._seed = seed
        self._stillborn = 0

    def draw(self, *, alone: bool) -> Turn | None:
        """Return the next trial, or None if there is none now.

        Args:
            alone: Whether it would be played by itself. What was in hand when a worker died is only
                handed out so: if it is what kills workers, it takes no other with it.
        """
        if self._again and (alone or not self._again[0][2]):
            return self._again.popleft()
        job = next(self._jobs, None)
        return job and (*job, 0)

    def came(self) -> None:
        """Note that a trial has come back: workers do get to play."""
        self._stillborn = 0

    def died(self, begun: Iterable[Turn], waiting: Iterable[Turn], cause: str) -> Iterator[Trial]:
        """Take back what a dead worker had in hand; yield what is given up.

        Args:
            begun: The trials that it was playing.
            waiting: Those that it had not begun with.
            cause: How it died.

        Raises:
            UserError: If one worker after the other dies without having begun.
        """
        self._again.extendleft(waiting)
        self._stillborn += 1
        for prepared, index, deaths in begun:
            self._stillborn = 0
            if deaths + 1 < TRIES:
                self._again.append((prepared, index, deaths + 1))
            else:
                yield lost_trial(prepared, index, self._seed, f"WorkerDied: {cause}, {TRIES} times")
        if self._stillborn >= STILLBORN:
            raise UserError(
                f"{STILLBORN} workers in a row died before they played a trial ({cause}); try "
                "without --workers to see why, then go on by --resume"
            )


class _Worker:
    """One process, and what it has in hand."""

    def __init__(self, context: SpawnContext, seed: int, limits: Limits) -> None:
        self.channel, theirs = context.Pipe()
        self.owed: dict[str, Turn] = {}
        self.begun: set[str] = set()
        self._seed = seed
        self.process = context.Process(target=_work, args=(seed, limits, theirs), daemon=True)
        self.process.start()
        theirs.close()

    def has_room(self, each: int) -> bool:
        return len(self.owed) < (1 if any(deaths for _, _, deaths in self.owed.values()) else each)

    def take(self, turn: Turn) -> None:
        prepared, index, _ = turn
        self.owed[prepared.key(self._seed, index)] = turn
        with suppress(OSError):  # it is dead: reading from it says so
            self.channel.send((prepared.spec, index))

    def in_hand(self) -> tuple[list[Turn], list[Turn]]:
        """Return the trials it has begun with, and the others."""
        begun = [turn for key, turn in self.owed.items() if key in self.begun]
        return begun, [turn for key, turn in self.owed.items() if key not in self.begun]

    def close(self) -> None:
        self.process.terminate()
        self.process.join()
        self.channel.close()


def play_in_processes(
    jobs: Iterable[Job],
    *,
    seed: int,
    concurrency: int,
    workers: int,
    limits: Limits,
    took: Callable[[Trial], object] = lambda _: None,
) -> Iterator[Trial]:
    """Yield trials as worker processes finish them.

    Args:
        jobs: The trials: a cell and an index each; drawn as workers have room for them.
        seed: Seed of the run.
        concurrency: Trials in flight, over all workers.
        workers: Number of processes.
        limits: What a trial may use.
        took: Told of every trial before the next one is drawn.

    Raises:
        UserError: If what the user gave cannot be used.
    """
    context = multiprocessing.get_context("spawn")
    desk, each = JobQueue(jobs, seed), max(1, concurrency // workers)
    pool: list[_Worker] = []

    def hand_out() -> None:
        """Give every worker what it has room for, the emptiest first; start those missing."""
        while len(pool) < workers or any(w.has_room(each) for w in pool):
            idle = len(pool) < workers or any(not w.owed for w in pool)
            if (turn := desk.draw(alone=idle)) is None:
                return
            if len(pool) < workers:
                pool.append(_Worker(context, seed, limits))
            min((w for w in pool if w.has_room(each)), key=lambda w: len(w.owed)).take(turn)

    try:
        hand_out()
        while any(worker.owed for worker in pool):
            for channel in wait([w.channel for w in pool]):
                assert isinstance(channel, Connection)
                worker = next(w for w in pool if w.channel is channel)
                ended: list[Trial] = []
                try:
                    data = channel.recv_bytes()
                except (EOFError, OSError):
                    worker.close()
                    pool.remove(worker)
                    cause = f"exit code {worker.process.exitcode}"
                    ended += desk.died(*worker.in_hand(), cause)
                else:
                    if data.startswith(_UNUSABLE):
                        raise UserError(data.removeprefix(_UNUSABLE).decode())
                    if data.startswith(_BEGUN):
                        worker.begun.add(data.removeprefix(_BEGUN).decode())
                        continue
                    ended.append(Trial.model_validate_json(data))
                    desk.came()
                    worker.owed.pop(ended[0].trace.key, None)
                for trial in ended:
                    took(trial)
                hand_out()
                yield from ended
    finally:
        for worker in pool:
            worker.close()


def _work(seed: int, limits: Limits, channel: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    prepared_configurations: dict[object, PreparedConfiguration] = {}
    playing: set[asyncio.Task[None]] = set()

    async def one(prepared: PreparedConfiguration, index: int) -> None:
        try:
            channel.send_bytes(_BEGUN + prepared.key(seed, index).encode())
            price = trial_price(prepared.spec, limits)
            channel.send_bytes(line(await play(prepared, index, seed, limits, None, price)))
        except UserError as error:
            channel.send_bytes(_UNUSABLE + str(error).encode("utf-8", "replace"))

    async def serve() -> None:
        while True:
            try:
                spec, index = await asyncio.to_thread(channel.recv)
            except (EOFError, OSError):
                os._exit(1)  # the parent is gone: nobody is left to tell, and threads may be busy
            if spec not in prepared_configurations:
                prepared_configurations[spec] = prepare(spec)
                gc.collect()
                gc.freeze()  # what is loaded now stays: no collection has to walk over it again
            task = asyncio.create_task(one(prepared_configurations[spec], index))
            playing.add(task)
            task.add_done_callback(playing.discard)

    try:
        asyncio.run(serve())
    except UserError as error:
        channel.send_bytes(_UNUSABLE + str(error).encode("utf-8", "replace"))
