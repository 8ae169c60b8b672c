"""An event loop that a trial cannot end.

asyncio lets ``SystemExit`` of any task out of the loop at once, so ``sys.exit()`` in an app would
end the run, and with success if its code is 0.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def make_loop() -> asyncio.AbstractEventLoop:
    """Return a new event loop that goes on when a task other than the main one raises SystemExit.

    The task itself has ended with the exception, so the trial that waits for it gets it and
    records it.
    """
    loop = asyncio.new_event_loop()
    run_once: Callable[[Any], Any] = loop.run_until_complete

    def run_until_complete(future: Any) -> Any:
        task = asyncio.ensure_future(future, loop=loop)
        while True:
            try:
                return run_once(task)
            except SystemExit:
                if task.done():
                    raise

    loop.run_until_complete = run_until_complete  # type: ignore[method-assign]
    return loop


def run_in_loop(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine as ``asyncio.run`` does, in a loop that a trial cannot end."""
    with asyncio.Runner(loop_factory=make_loop) as runner:
        return runner.run(main)
