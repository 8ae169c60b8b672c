"""Worker processes, for frameworks whose trials need more CPU time than one core has.

The parent hands out trials as workers have room and is the only one that writes. A worker that dies
is replaced, and its trials are played again, a few times at most: a trial that repeatedly kills its
worker is recorded as an error. So is a trial that hangs its worker past the trial's time limit.
"""

from __future__ import annotations

import asyncio
import gc
import math
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext

from allegiance.errors import UserError
from allegiance.experiment.limits import Limits
from allegiance.play.prepared import PreparedConfiguration, prepare
from allegiance.play.trial import cause, lost_trial, play
from allegiance.run.interrupts import Interrupts, no_interrupt
from allegiance.run.job_queue import Job, JobQueue, Turn
from allegiance.run.loop import run_in_loop
from allegiance.run.meter import trial_price
from allegiance.store.writer import line
from allegiance.trace.trials import Trial

GRACE = 30.0
"""Seconds after a trial's time limit in which its worker must send it, or it counts as hung."""
START = 300.0
"""Seconds in which a worker must begin one of its trials; it loads the frameworks in them."""
_UNUSABLE, _BEGUN = b"!", b"+"
"""Prefixes of messages that are not trials: why a worker cannot play, and which trial it begins."""


class _Worker:
    """One process, and the trials that were sent to it.

    Times are on the monotonic clock, which does not jump.
    """

    def __init__(self, context: SpawnContext, seed: int, limits: Limits) -> None:
        self.channel, far_end = context.Pipe()
        self.owed: dict[str, Turn] = {}
        self.begun: dict[str, float] = {}
        self.heard = time.monotonic()
        self._seed = seed
        self._limit = limits.timeout
        self.process = context.Process(target=_work, args=(seed, limits, far_end), daemon=True)
        with no_interrupt():  # not even while it imports: the parent decides when to stop
            self.process.start()
        far_end.close()

    def has_room(self, each: int) -> bool:
        return len(self.owed) < (1 if any(deaths for _, _, deaths in self.owed.values()) else each)

    def take(self, turn: Turn) -> None:
        prepared, index, _ = turn
        if not self.owed:
            self.heard = time.monotonic()
        self.owed[prepared.key(self._seed, index)] = turn
        with suppress(OSError):  # the worker is dead: reading from its channel shows that
            self.channel.send((prepared.spec, index))

    def in_hand(self) -> tuple[list[Turn], list[Turn]]:
        """Return the trials that it has begun, and the others."""
        begun = [turn for key, turn in self.owed.items() if key in self.begun]
        return begun, [turn for key, turn in self.owed.items() if key not in self.begun]

    def begin(self, key: str) -> None:
        self.heard = self.begun[key] = time.monotonic()

    def end(self, key: str) -> None:
        self.heard = time.monotonic()
        self.owed.pop(key, None)
        self.begun.pop(key, None)

    @property
    def deadline(self) -> float:
        """The time after which it counts as hung; infinite without trials."""
        if self.begun:
            return min(self.begun.values()) + self._limit + GRACE
        return self.heard + START if self.owed else math.inf

    def close(self) -> None:
        self.process.kill()  # a hung process may not heed a request to end
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
        self._interrupts = Interrupts()

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
            KeyboardInterrupt: If there was a Ctrl-C.
        """
        deadline = min(worker.deadline for worker in self._workers)
        seconds = None if deadline == math.inf else max(0.0, deadline - time.monotonic())
        channels = wait([self._interrupts.channel, *(w.channel for w in self._workers)], seconds)
        self._interrupts.check()
        # a message that has come is read first: it may be the trial that seems to be late
        for worker in [w for w in self._workers if w.channel in channels]:
            channel = worker.channel
            try:
                message = channel.recv_bytes()
            except (EOFError, OSError):
                yield self._remove_dead(worker)
                continue
            if message.startswith(_UNUSABLE):
                raise UserError(message.removeprefix(_UNUSABLE).decode())
            if message.startswith(_BEGUN):
                worker.begin(message.removeprefix(_BEGUN).decode())
                continue
            trial = Trial.model_validate_json(message)
            self._queue.came()
            worker.end(trial.trace.key)
            yield [trial]
        now = time.monotonic()
        for worker in [w for w in self._workers if w.channel not in channels and w.deadline <= now]:
            yield self._remove_hung(worker)

    def _remove_dead(self, worker: _Worker) -> list[Trial]:
        """Remove a dead worker, take back its trials, and return those that are given up."""
        worker.process.join(1.0)  # its pipe breaks a moment before it has an exit code
        worker.close()
        self._workers.remove(worker)
        reason = f"exit code {worker.process.exitcode}"
        return list(self._queue.died(*worker.in_hand(), reason))

    def _remove_hung(self, worker: _Worker) -> list[Trial]:
        """Remove a hung worker, take back its trials, and return the trial that hung it."""
        worker.close()
        self._workers.remove(worker)
        begun, waiting = worker.in_hand()
        if not begun:  # it never began: no trial of it is to blame
            return list(self._queue.died((), waiting, f"silent for {START:g} s"))
        return list(self._queue.hung(begun, waiting))

    def close(self) -> None:
        """End all workers."""
        for worker in self._workers:
            worker.close()
        self._interrupts.close()


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
            message = line(await play(prepared, index, seed, limits, None, price))
        except UserError as error:
            message = _unusable(error)
        except asyncio.CancelledError:
            raise  # this worker ends
        except BaseException as error:  # noqa: BLE001 - without an answer the parent would wait
            message = line(lost_trial(prepared, index, seed, cause(error)))
        channel.send_bytes(message)

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
        run_in_loop(serve())
    except UserError as error:
        channel.send_bytes(_unusable(error))
    except Exception as error:  # noqa: BLE001 - the parent ends the run with it
        channel.send_bytes(_unusable(f"a worker cannot go on: {cause(error)}"))


def _unusable(error: UserError | str) -> bytes:
    return _UNUSABLE + str(error).encode("utf-8", "replace")
