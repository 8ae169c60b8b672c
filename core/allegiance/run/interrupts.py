"""Ctrl-C while other processes play the trials of a run.

Python raises ``KeyboardInterrupt`` between any two instructions. If these belong to a function that
compiled code calls, such as a serializer of pydantic, the exception is printed and forgotten, and
the run goes on. A handler that only makes a note cannot lose it.
"""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType


class Interrupts:
    """Notes a Ctrl-C until it can be raised; a second one is raised at once.

    Only the main thread can have a handler. In any other, and where somebody else's handler is in
    place, nothing is noted.
    """

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)
        self._is_noted = False
        self._is_ours = (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        )
        if self._is_ours:
            signal.signal(signal.SIGINT, self._note)

    @property
    def channel(self) -> socket.socket:
        """A socket that can be read from once there was a Ctrl-C."""
        return self._reader

    def check(self) -> None:
        """Raise a Ctrl-C that was noted.

        Raises:
            KeyboardInterrupt: If there was one.
        """
        if self._is_noted:
            raise KeyboardInterrupt

    def close(self) -> None:
        """Put the handler of before back in place."""
        if self._is_ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        self._reader.close()
        self._writer.close()

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self._is_noted:
            signal.default_int_handler(number, frame)
        self._is_noted = True
        with suppress(OSError):
            self._writer.send(b"\0")


@contextmanager
def no_interrupt() -> Iterator[None]:
    """Hold a Ctrl-C back; a process that is started meanwhile never gets one."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    from multiprocessing import resource_tracker  # where workers are started it is imported anyway

    resource_tracker.ensure_running()  # its start lets Ctrl-C through again, so it comes first
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
