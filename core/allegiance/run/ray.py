"""Ray as the executor: the same trials, the same files, on as many machines as a cluster has.

Batches of trials are Ray tasks that send every trial back as it ends; the parent alone writes. Only
as many batches are out as the cluster has CPUs. Ray's own retries would play a whole batch again,
so they are off: what a dead worker still owed is handed out again, and nothing else.
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
from allegiance.play.trial import prepare
from allegiance.run.pool import play_all
from allegiance.run.processes import Job, JobQueue, Turn
from allegiance.store.writer import line
from allegiance.trace.trials import Trial

AHEAD = 2
"""Trials of a batch for each that it plays at once: a task costs about a millisecond."""


@dataclass
class _Batch:
    """A batch that is out: what of it has not come back, and how many are played at once."""

    owed: dict[str, Turn]
    each: int
    back: int = 0

    def came(self, key: str) -> None:
        self.back += self.owed.pop(key, None) is not None

    def in_hand(self) -> tuple[list[Turn], list[Turn]]:
        """Return the trials that were being played, and those that were not begun with.

        They are begun with in order. Nothing is known of a batch of which nothing has come back,
        unless it is a single trial that has seen a worker die.
        """
        turns = list(self.owed.values())
        playing = self.each if self.back or any(deaths for _, _, deaths in turns) else 0
        return turns[:playing], turns[playing:]


def play_on_ray(
    jobs: Iterable[Job],
    *,
    seed: int,
    concurrency: int,
    limits: Limits,
    address: str | None = None,
    took: Callable[[Trial], object] = lambda _: None,
) -> Iterator[Trial]:
    """Yield trials as the cluster finishes them.

    Args:
        jobs: The trials: a cell and an index each; drawn as the cluster has room for them.
        seed: Seed of the run.
        concurrency: Trials in flight, over the whole cluster.
        limits: What a trial may use.
        address: A running cluster; None starts one on this machine and stops it in the end.
        took: Told of every trial before the next ones are drawn.

    Raises:
        UserError: If Ray is not installed, the cluster cannot be reached, or what the user gave
            cannot be used.
    """
    ray = _connect(address)
    from ray.exceptions import RayError

    task = ray.remote(num_cpus=1, max_retries=0, num_returns="streaming")(_play_batch)
    slots = max(1, int(ray.cluster_resources().get("CPU", 1)))
    each = max(1, concurrency // slots)
    desk = JobQueue(jobs, seed)
    out: dict[Any, _Batch] = {}

    def hand_out() -> None:
        while len(out) < slots:
            if (first := desk.draw(alone=True)) is None:
                return
            more = 0 if first[2] else AHEAD * each - 1  # what saw a worker die is played alone
            turns = [first, *islice(iter(lambda: desk.draw(alone=False), None), more)]
            share = [(prepared.spec, index) for prepared, index, _ in turns]
            owed = {prepared.key(seed, index): (prepared, index, n) for prepared, index, n in turns}
            out[task.remote(share, seed, each, limits)] = _Batch(owed, each)

    try:
        hand_out()
        while out:
            for batch in ray.wait(list(out), num_returns=1, fetch_local=True)[0]:
                ended: list[Trial] = []
                try:
                    ended.append(Trial.model_validate_json(ray.get(next(batch))))
                    out[batch].came(ended[0].trace.key)
                    desk.came()
                except StopIteration:
                    if (left := out.pop(batch)).owed:
                        ended += desk.died(*left.in_hand(), "the task ended early")
                except UserError as error:
                    raise UserError(str(getattr(error, "cause", error))) from None
                except RayError as error:
                    ended += desk.died(*out.pop(batch).in_hand(), type(error).__name__)
                for trial in ended:
                    took(trial)
                hand_out()
                yield from ended
    finally:
        for batch in out:
            ray.cancel(batch, force=True)
        ray.shutdown()


def _connect(address: str | None) -> Any:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # before import: nothing is reported home
    if address is None:  # nobody else has business there, and no token is left in the home folder
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
    """Refuse an address at which nobody answers; Ray itself would try for many minutes."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon and port.isdecimal():
        try:
            socket.create_connection((host, int(port)), timeout=10).close()
        except OSError as error:
            raise UserError(f"no Ray cluster at {address!r}: {error}") from error


def _play_batch(
    share: list[tuple[Configuration, int]], seed: int, concurrency: int, limits: Limits
) -> Iterator[bytes]:
    """Play a batch where Ray put it, and yield every trial as a line of the store."""
    ready = {spec: prepare(spec) for spec in dict.fromkeys(spec for spec, _ in share)}
    jobs = [(ready[spec], index) for spec, index in share]
    stream = play_all(jobs, seed=seed, concurrency=concurrency, limits=limits)
    with asyncio.Runner() as runner:
        while (trial := runner.run(_next(stream))) is not None:
            yield line(trial)


async def _next(stream: Any) -> Trial | None:
    return await anext(stream, None)
