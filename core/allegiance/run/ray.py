"""Ray as the executor: the same trials and files, played on the machines of a cluster.

A batch of trials is a Ray task that sends back every trial as it ends; only the parent writes. The
cluster has at most one batch per CPU. Ray's own retries would play a whole batch again, so they are
off: only the trials that a dead worker did not finish are handed out again.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from allegiance.errors import UserError, needed_by
from allegiance.experiment.configurations import Configuration
from allegiance.experiment.limits import Limits
from allegiance.play.prepared import prepare
from allegiance.run.interrupts import Interrupts
from allegiance.run.job_queue import Job, JobQueue, Turn
from allegiance.run.loop import make_loop
from allegiance.run.pool import play_all
from allegiance.store.writer import line
from allegiance.trace.trials import Trial

GLANCE = 1.0
"""Seconds after which the parent looks whether there was a Ctrl-C."""
AHEAD = 2
"""Batch size, in trials for each trial played at once: a task costs about a millisecond."""


@dataclass
class _Batch:
    """A batch that is being played.

    Attributes:
        owed: Trials that have not ended, by key.
        each: Trials that are played at once.
        ended: Number of trials that have ended.
    """

    owed: dict[str, Turn]
    each: int
    ended: int = 0

    def came(self, key: str) -> None:
        self.ended += self.owed.pop(key, None) is not None

    def in_hand(self) -> tuple[list[Turn], list[Turn]]:
        """Return the trials that were being played, and those that were not begun.

        Trials begin in order. Before the first trial of a batch has ended, none counts as begun,
        unless the batch is a single trial that saw a worker die.
        """
        turns = list(self.owed.values())
        playing = self.each if self.ended or any(deaths for _, _, deaths in turns) else 0
        return turns[:playing], turns[playing:]


class _Cluster:
    """The batches of a run that a Ray cluster plays.

    Args:
        ray: The module, connected to a cluster.
        queue: The trials to hand out.
        seed: Seed of the run.
        concurrency: Trials in flight, over the whole cluster.
        limits: What a trial may use.
    """

    def __init__(
        self, ray: Any, queue: JobQueue, *, seed: int, concurrency: int, limits: Limits
    ) -> None:
        self._ray, self._queue, self._seed, self._limits = ray, queue, seed, limits
        self._task = ray.remote(num_cpus=1, max_retries=0, num_returns="streaming")(_play_batch)
        self._slots = max(1, int(ray.cluster_resources().get("CPU", 1)))
        self._each = max(1, concurrency // self._slots)
        self._batches: dict[Any, _Batch] = {}
        self._interrupts = Interrupts()

    @property
    def busy(self) -> bool:
        """Whether a batch is being played."""
        return bool(self._batches)

    def hand_out(self) -> None:
        """Send batches to the cluster until every slot has one."""
        each = self._each
        while len(self._batches) < self._slots:
            if (first := self._queue.draw(alone=True)) is None:
                return
            more = 0 if first[2] else AHEAD * each - 1  # a trial that saw a worker die plays alone
            turns = [first, *islice(iter(lambda: self._queue.draw(alone=False), None), more)]
            jobs = [(prepared.spec, index) for prepared, index, _ in turns]
            owed = {
                prepared.key(self._seed, index): (prepared, index, n)
                for prepared, index, n in turns
            }
            stream = self._task.remote(jobs, self._seed, each, self._limits)
            self._batches[stream] = _Batch(owed, each)

    def receive(self) -> Iterator[list[Trial]]:
        """Wait for batches; yield the trials that each answer ends.

        Raises:
            UserError: If a configuration cannot be played, or workers die before they begin.
            KeyboardInterrupt: If there was a Ctrl-C.
        """
        streams = list(self._batches)
        ready, _ = self._ray.wait(streams, num_returns=1, timeout=GLANCE, fetch_local=True)
        self._interrupts.check()
        for stream in ready:
            yield self._next_trials(stream)

    def _next_trials(self, stream: Any) -> list[Trial]:
        """Return the next trial of a batch; of a batch that ended, the trials that are given up."""
        from ray.exceptions import RayError

        try:
            trial = Trial.model_validate_json(self._ray.get(next(stream)))
        except StopIteration:
            batch = self._batches.pop(stream)
            lost = self._queue.died(*batch.in_hand(), "the task ended early") if batch.owed else ()
            return list(lost)
        except UserError as error:
            raise UserError(str(getattr(error, "cause", error))) from None
        except RayError as error:
            batch = self._batches.pop(stream)
            return list(self._queue.died(*batch.in_hand(), type(error).__name__))
        self._batches[stream].came(trial.trace.key)
        self._queue.came()
        return [trial]

    def close(self) -> None:
        """Cancel what is being played and leave the cluster."""
        for stream in self._batches:
            self._ray.cancel(stream, force=True)
        self._ray.shutdown()
        self._interrupts.close()


def play_on_ray(
    jobs: Iterable[Job],
    *,
    seed: int,
    concurrency: int,
    limits: Limits,
    address: str | None = None,
    on_trial: Callable[[Trial], object] = lambda _: None,
) -> Iterator[Trial]:
    """Yield trials as the cluster finishes them.

    Args:
        jobs: The trials: a prepared configuration and an index each; drawn as the cluster has room.
        seed: Seed of the run.
        concurrency: Trials in flight, over the whole cluster.
        limits: What a trial may use.
        address: A running cluster; None starts a cluster on this machine and stops it at the end.
        on_trial: Called with every trial before the next ones are drawn.

    Raises:
        UserError: If Ray is not installed, the cluster cannot be reached, or a configuration
            cannot be played.
    """
    ray, queue = _connect(address), JobQueue(jobs, seed)
    cluster = _Cluster(ray, queue, seed=seed, concurrency=concurrency, limits=limits)
    try:
        cluster.hand_out()
        while cluster.busy:
            for ended in cluster.receive():
                for trial in ended:
                    on_trial(trial)
                cluster.hand_out()
                yield from ended
    finally:
        cluster.close()


def _connect(address: str | None) -> Any:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # before the import: no usage report is sent
    if address is None:  # a token of this process: nobody else can connect, no file is written
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    with needed_by("--executor ray", "ray"):
        import ray
    if address is not None:
        _knock(address)
    quiet: dict[str, Any] = {"logging_level": "ERROR", "log_to_driver": False}
    try:
        if address is None:
            ray.init(include_dashboard=False, **quiet)
        else:
            ray.init(address=address, **quiet)
    except Exception as error:
        raise UserError(
            f"no Ray cluster at {address or 'this machine'!r}: {error}; if the cluster asks for a "
            "token, set RAY_AUTH_MODE=token"
        ) from error
    return ray


def _knock(address: str) -> None:
    """Refuse an address where nothing answers; Ray itself would try for many minutes."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon and port.isdecimal():
        try:
            socket.create_connection((host, int(port)), timeout=10).close()
        except OSError as error:
            raise UserError(f"no Ray cluster at {address!r}: {error}") from error


def _play_batch(
    batch: list[tuple[Configuration, int]], seed: int, concurrency: int, limits: Limits
) -> Iterator[bytes]:
    """Play a batch on a node of the cluster, and yield every trial as a line of the store."""
    ready = {spec: prepare(spec) for spec in dict.fromkeys(spec for spec, _ in batch)}
    jobs = [(ready[spec], index) for spec, index in batch]
    stream = play_all(jobs, seed=seed, concurrency=concurrency, limits=limits)
    with asyncio.Runner(loop_factory=make_loop) as runner:
        while (trial := runner.run(_next(stream))) is not None:
            yield line(trial)


async def _next(stream: Any) -> Trial | None:
    return await anext(stream, None)
