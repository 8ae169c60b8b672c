"""Runs functions under a time limit."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from queue import SimpleQueue
from time import monotonic

from allegiance.guard.recent import describe_error

THREADS = 4
"""The threads of one limit: so many jobs run at the same time, and the others wait."""

MOST_HANGING = 32
"""The jobs that may hang at the same time; above that, every job is refused."""


class Interrupted(RuntimeError):
    """A job raised something that is no error, such as ``SystemExit`` or ``CancelledError``.

    It would end the app, or a task of it, if it were raised where the job is waited for.
    """


class TimeLimit:
    """Runs jobs on a few threads of its own and gives up on a job that takes too long.

    The time of a job begins when the job begins: waiting for a thread does not count. The threads
    are daemons: a thread that hangs is left behind and replaced. The limit cannot stop a job that
    holds the interpreter lock, such as a regular expression with exponential backtracking.

    Args:
        seconds: The limit of each job; None for no limit.
    """

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._pool: _Pool | None = None
        self._lock = threading.Lock()

    def __call__(self, run: Callable[[], None]) -> None:
        """Run a job to its end.

        Raises:
            TimeoutError: If the job takes too long, or too many earlier jobs still run.
            Interrupted: If the job raises something that is no error. A Ctrl-C while this thread
                runs or waits for the job stays a Ctrl-C.
            Exception: Whatever error the job raises.
        """
        seconds = self._seconds
        error = _run_here(run) if seconds is None else self._run_there(run, seconds)
        if error is None:
            return
        if isinstance(error, Exception):
            raise error
        raise Interrupted(f"raised {describe_error(error)}") from error

    def _run_there(self, run: Callable[[], None], seconds: float) -> BaseException | None:
        pool, job = self._pool or self._new_pool(), _Job(run)
        pool.put(job)
        wait = seconds
        while not job.finished.acquire(timeout=wait):
            # while the job waits for a thread, look again from time to time
            wait = seconds if job.started is None else job.started + seconds - monotonic()
            if wait <= 0:
                if pool.abandon(job):
                    raise TimeoutError(f"took longer than {seconds} s")
                break
        return job.error

    def _new_pool(self) -> _Pool:
        with self._lock:
            if self._pool is None:
                self._pool = _Pool()
                weakref.finalize(self, self._pool.close).atexit = False
            return self._pool

    def __deepcopy__(self, memo: object) -> TimeLimit:
        """Return a new object with the same limit: threads cannot be copied."""
        return TimeLimit(self._seconds)


class _Job:
    """A job, and how far it is.

    Attributes:
        run: The function.
        finished: Held until the job has ended; an ``Event`` takes twice the time.
        started: When the job began, or None.
        ended: Whether the job has ended.
        abandoned: Whether nobody waits for the job any more.
        error: What the job raised, or None.
    """

    __slots__ = ("abandoned", "ended", "error", "finished", "run", "started")

    def __init__(self, run: Callable[[], None]) -> None:
        self.run = run
        self.finished = threading.Lock()
        self.finished.acquire()
        self.started: float | None = None
        self.ended = self.abandoned = False
        self.error: BaseException | None = None


class _Pool:
    """The threads of a limit; they end when the limit is gone.

    Attributes:
        threads: The threads that serve jobs, without those that hang.
        wanted: The jobs that run or wait.
        hanging: The jobs that were given up on and still run.
    """

    def __init__(self) -> None:
        self.reset()
        _POOLS.add(self)

    def reset(self) -> None:
        self.jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self.lock = threading.Lock()
        self.threads = self.wanted = self.hanging = 0

    def put(self, job: _Job) -> None:
        with self.lock:
            if self.hanging >= MOST_HANGING:
                raise TimeoutError(f"{self.hanging} earlier calls of probes or bindings still run")
            self.wanted += 1
            if self.threads < self.wanted:
                self._start()
        self.jobs.put(job)

    def finish(self, job: _Job) -> bool:
        """Note that a job has ended, and tell whether its thread is still needed."""
        with self.lock:
            job.ended = True
            if job.abandoned:
                self.hanging -= 1
            else:
                self.wanted -= 1
        job.finished.release()
        return not job.abandoned

    def abandon(self, job: _Job) -> bool:
        """Give up on a job and replace its thread; return whether the job has not just ended."""
        with self.lock:
            if job.ended:
                return False
            job.abandoned = True
            self.threads -= 1
            self.wanted -= 1
            self.hanging += 1
            if self.threads < self.wanted:
                self._start()
        return True

    def close(self) -> None:
        for _ in range(THREADS):
            self.jobs.put(None)

    def _start(self) -> None:
        if self.threads < THREADS:
            self.threads += 1
            threading.Thread(
                target=_serve, args=(self, self.jobs), name="allegiance-guard", daemon=True
            ).start()


_POOLS: weakref.WeakSet[_Pool] = weakref.WeakSet()


def _serve(pool: _Pool, jobs: SimpleQueue[_Job | None]) -> None:
    while (job := jobs.get()) is not None:
        job.started = monotonic()
        try:
            job.run()
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            job.error = error
        if not pool.finish(job):
            return
        del job  # or its arguments would live until the next one


def _run_here(run: Callable[[], None]) -> BaseException | None:
    try:
        run()
    except KeyboardInterrupt as error:
        if threading.current_thread() is threading.main_thread():
            raise  # a person pressed Ctrl-C; in another thread it can only be the job itself
        return error
    except BaseException as error:  # noqa: BLE001 - raised again by the caller
        return error
    return None


def _forget_threads() -> None:
    for pool in list(_POOLS):  # a process that was forked has no other threads
        pool.reset()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_threads)
