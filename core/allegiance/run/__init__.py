"""Many trials: schedules, worker processes, Ray, resuming, prices and estimates."""

from typing import TYPE_CHECKING

from allegiance.lazy import attach

if TYPE_CHECKING:
    from allegiance.run.execution import execute as execute
    from allegiance.run.pool import play_all as play_all
    from allegiance.run.pool import run as run
else:
    __getattr__ = attach(
        __name__,
        pool=("play_all", "run"),
        execution=("execute",),
    )

__all__ = ["execute", "play_all", "run"]
