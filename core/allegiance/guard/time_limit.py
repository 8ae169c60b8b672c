"""Runs functions under a time limit."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue

_Job = tuple[Callable[[], None], threading.Lock, list[BaseException]]


class TimeLimit:
    """Runs jobs on a second thread and gives up on a job that takes too long.

    The thread is a daemon: a thread that hangs is left behind and replaced. The limit cannot stop a
    job that holds the interpreter lock, such as a regular expression with exponential backtracking.

    Args:
        seconds: The limit of each job; None for no limit.
    """

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._jobs: SimpleQueue[_Job] | None = None

    def __call__(self, job: Callable[[], None]) -> None:
        """Run a job to its end.

        Raises:
            TimeoutError: If the job takes too long.
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
        finished, errors = threading.Lock(), list[BaseException]()  # an Event takes twice the time
        finished.acquire()
        jobs.put((job, finished, errors))
        if not finished.acquire(timeout=self._seconds):
            with self._lock:
                if self._jobs is jobs:
                    self._jobs = None
            raise TimeoutError(f"took longer than {self._seconds} s")
        if errors:
            raise errors[0]

    def __deepcopy__(self, memo: object) -> TimeLimit:
        """Return a new object with the same limit: threads cannot be copied."""
        return TimeLimit(self._seconds)


def _serve(jobs: SimpleQueue[_Job]) -> None:
    while True:
        job, finished, errors = jobs.get()
        try:
            job()
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            errors.append(error)
        finished.release()
        del job, finished, errors
