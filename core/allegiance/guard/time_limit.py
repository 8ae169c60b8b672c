"""Running something that must not take longer than a limit."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue

_Job = tuple[Callable[[], None], threading.Lock, list[BaseException]]


class TimeLimit:
    """Runs jobs on a thread of its own and gives up on one that takes too long.

    The thread is a daemon: one that hangs is left behind and another takes its place. A job that
    holds the interpreter lock (a regular expression that explodes) cannot be given up on.
    """

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._jobs: SimpleQueue[_Job] | None = None

    def __call__(self, job: Callable[[], None]) -> None:
        """Run a job to its end.

        Raises:
            TimeoutError: If it takes too long.
            BaseException: Whatever the job raises.
        """
        if self._seconds is None:
            job()
            return
        with self._lock:
            if self._jobs is None:
                self._jobs = SimpleQueue()
                threading.Thread(
                    target=_serve, args=(self._jobs,), name="allegiance-guard", daemon=True
                ).start()
            jobs = self._jobs
        done, failed = threading.Lock(), list[BaseException]()  # an Event takes twice the time
        done.acquire()
        jobs.put((job, done, failed))
        if not done.acquire(timeout=self._seconds):
            with self._lock:
                if self._jobs is jobs:
                    self._jobs = None
            raise TimeoutError(f"took longer than {self._seconds} s")
        if failed:
            raise failed[0]

    def __deepcopy__(self, memo: object) -> TimeLimit:
        """Copy as a new one: threads are not copied."""
        return TimeLimit(self._seconds)


def _serve(jobs: SimpleQueue[_Job]) -> None:
    while True:
        job, done, failed = jobs.get()
        try:
            job()
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            failed.append(error)
        done.release()
        del job, done, failed
