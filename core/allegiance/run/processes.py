"""Worker processes, for frameworks whose trials need more CPU time than one core has.

The parent hands out trials as workers have room and is the only one that writes. A worker that dies
is replaced, and its trials are played again, a few times at most: a trial that repeatedly kills its
worker is recorded as an error.
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
"""A trial to play: its configuration, its index, and how many workers died while playing it."""
TRIES = 3
MOST_EARLY_DEATHS = 10
"""Workers that may die in a row before any of them begins or ends a trial."""
_UNUSABLE, _BEGUN = b"!", b"+"
"""Prefixes of messages that are not trials: why a worker cannot play, and which trial it begins."""


class JobQueue:
    """The trials that are left to hand out: those of the plan, and those to play again.

    Args:
        jobs: The trials; the next one is drawn when there is room for it.
        seed: Seed of the run.
    """

    def __init__(self, jobs: Iterable[Job], seed: int) -> None:
        self._jobs = iter(jobs)
        self._again: deque[Turn] = deque()
        self._seed = seed
        self._early_deaths = 0

    def draw(self, *, alone: bool) -> Turn | None:
        """Return the next trial, or None if there is none now.

        Args:
            alone: Whether the trial will be played alone. A trial that a dead worker was playing is
                handed out only then, so that it cannot take other trials with it again.
        """
        if self._again and (alone or not self._again[0][2]):
            return self._again.popleft()
        job = next(self._jobs, None)
        return job and (*job, 0)

    def came(self) -> None:
        """Note that a trial has ended: workers are able to play."""
        self._early_deaths = 0

    def died(self, begun: Iterable[Turn], waiting: Iterable[Turn], cause: str) -> Iterator[Trial]:
        """Take back the trials of a dead worker; yield those that are given up, as errors.

        Args:
            begun: The trials that it was playing.
            waiting: The trials that it had not begun.
            cause: How it died.

        Raises:
            UserError: If ``MOST_EARLY_DEATHS`` workers in a row die before they begin a trial.
        """
        self._again.extendleft(waiting)
        self._early_deaths += 1
        for prepared, index, deaths in begun:
            self._early_deaths = 0
            if deaths + 1 < TRIES:
                self._again.append((prepared, index, deaths + 1))
            else:
                yield lost_trial(prepared, index, self._seed, f"WorkerDied: {cause}, {TRIES} times")
        if self._early_deaths >= MOST_EARLY_DEATHS:
            raise UserError(
                f"{MOST_EARLY_DEATHS} workers in a row died before they played a trial ({cause}); "
                "run without --workers to see why, then continue with --resume"
            )


class _Worker:
    """One process, and the trials that were sent to it."""

    def __init__(self, context: SpawnContext, seed: int, limits: Limits) -> None:
        self.channel, far_end = context.Pipe()
        self.owed: dict[str, Turn] = {}
        self.begun: set[str] = set()
        self._seed = seed
        self.process = context.Process(target=_work, args=(seed, limits, far_end), daemon=True)
        self.process.start()
        far_end.close()

    def has_room(self, each: int) -> bool:
        return len(self.owed) < (1 if any(deaths for _, _, deaths in self.owed.values()) else each)

    def take(self, turn: Turn) -> None:
        prepared, index, _ = turn
        self.owed[prepared.key(self._seed, index)] = turn
        with suppress(OSError):  # the worker is dead: reading from its channel shows that
            self.channel.send((prepared.spec, index))

    def in_hand(self) -> tuple[list[Turn], list[Turn]]:
        """Return the trials that it has begun, and the others."""
        begun = [turn for key, turn in self.owed.items() if key in self.begun]
        return begun, [turn for key, turn in self.owed.items() if key not in self.begun]

    def close(self) -> None:
        self.process.terminate()
        self.process.join()
        self.channel.close()


class _WorkerPool:
    """The worker processes of a run.

    Args:
        queue: The trials to hand out.
        size: Number of processes.
        each: Trials that a worker plays at once.
        seed: Seed of the run.
        limits: What a trial may use.
    """

    def __init__(self, queue: JobQueue, *, size: int, each: int, seed: int, limits: Limits) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._queue = queue
        self._size, self._each = size, each
        self._seed, self._limits = seed, limits
        self._workers: list[_Worker] = []

    @property
    def busy(self) -> bool:
        """Whether a worker has a trial."""
        return any(worker.owed for worker in self._workers)

    def hand_out(self) -> None:
        """Start missing workers and fill all of them with trials, the emptiest first."""
        workers, each = self._workers, self._each
        while len(workers) < self._size or any(w.has_room(each) for w in workers):
            idle = len(workers) < self._size or any(not w.owed for w in workers)
            if (turn := self._queue.draw(alone=idle)) is None:
                return
            if len(workers) < self._size:
                workers.append(_Worker(self._context, self._seed, self._limits))
            min((w for w in workers if w.has_room(each)), key=lambda w: len(w.owed)).take(turn)

    def receive(self) -> Iterator[list[Trial]]:
        """Wait for workers; yield the trials that each message ends, if it ends any.

        Raises:
            UserError: If a worker cannot play a trial, or workers die before they begin.
        """
        for channel in wait([worker.channel for worker in self._workers]):
            assert isinstance(channel, Connection)
            worker = next(w for w in self._workers if w.channel is channel)
            try:
                message = channel.recv_bytes()
            except (EOFError, OSError):
                yield self._remove_dead(worker)
                continue
            if message.startswith(_UNUSABLE):
                raise UserError(message.removeprefix(_UNUSABLE).decode())
            if message.startswith(_BEGUN):
                worker.begun.add(message.removeprefix(_BEGUN).decode())
                continue
            trial = Trial.model_validate_json(message)
            self._queue.came()
            worker.owed.pop(trial.trace.key, None)
            yield [trial]

    def _remove_dead(self, worker: _Worker) -> list[Trial]:
        """Remove a dead worker, take back its trials, and return those that are given up."""
        worker.close()
        self._workers.remove(worker)
        cause = f"exit code {worker.process.exitcode}"
        return list(self._queue.died(*worker.in_hand(), cause))

    def close(self) -> None:
        """End all workers."""
        for worker in self._workers:
            worker.close()


def play_in_processes(
    jobs: Iterable[Job],
    *,
    seed: int,
    concurrency: int,
    workers: int,
    limits: Limits,
    on_trial: Callable[[Trial], object] = lambda _: None,
) -> Iterator[Trial]:
    """Yield trials as worker processes finish them.

    Args:
        jobs: The trials: a prepared configuration and an index each; drawn as workers have room.
        seed: Seed of the run.
        concurrency: Trials in flight, over all workers.
        workers: Number of processes.
        limits: What a trial may use.
        on_trial: Called with every trial before the next one is drawn.

    Raises:
        UserError: If a configuration cannot be played, or workers die before they begin.
    """
    each = max(1, concurrency // workers)
    pool = _WorkerPool(JobQueue(jobs, seed), size=workers, each=each, seed=seed, limits=limits)
    try:
        pool.hand_out()
        while pool.busy:
            for ended in pool.receive():
                for trial in ended:
                    on_trial(trial)
                pool.hand_out()
                yield from ended
    finally:
        pool.close()


def _work(seed: int, limits: Limits, channel: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    prepared_configurations: dict[object, PreparedConfiguration] = {}
    playing: set[asyncio.Task[None]] = set()

    async def play_one(prepared: PreparedConfiguration, index: int) -> None:
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
                os._exit(
                    1
                )  # the parent is gone; other threads may be busy and must not delay the end
            if spec not in prepared_configurations:
                prepared_configurations[spec] = prepare(spec)
                gc.collect()
                gc.freeze()  # what is loaded now stays loaded: spare it the collections
            task = asyncio.create_task(play_one(prepared_configurations[spec], index))
            playing.add(task)
            task.add_done_callback(playing.discard)

    try:
        asyncio.run(serve())
    except UserError as error:
        channel.send_bytes(_UNUSABLE + str(error).encode("utf-8", "replace"))
