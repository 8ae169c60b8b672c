"""Wall time of many trials in flight in each framework, over the ideal, with worker processes.

Every turn of the critic takes half a second, as a provider would take it. The ideal is the waiting
alone: the turns of the script times the time of a turn. What is above it is CPU of the framework.
The same crew without allegiance, in as many processes, shows how much of it is CrewAI's own.
"""

from __future__ import annotations

import argparse
import sys
import time

import bare_crew
from report import Row, finish

from allegiance.experiment import Limits, expand
from allegiance.play.prepared import prepare
from allegiance.run.processes import play_in_processes

TARGETS = {
    "langgraph:pipeline": 1.5,
    "autogen:round_robin": 1.5,
    "crewai:sequential": 3.0,
}


def measure(place: str, trials: int, seconds: float, workers: int) -> tuple[float, int, bool]:
    """Return the wall time, the critic's turns, and whether every world came out right.

    A first batch, one trial a worker, carries the start-up of the workers and is taken off: the
    shortest of three, so that a slow start does not flatter what comes after it.
    """
    plan = expand(
        scenarios=["disk_cleanup"],
        adapters=[place],
        models=[f"scripted:paced:{seconds}:loyal"],
    )
    (cell,) = plan.configurations
    prepared = prepare(cell)
    turns = len(prepared.setup.stage.script("loyal").turns)

    def wall(count: int, seed: int) -> tuple[float, bool]:
        jobs = [(prepared, index) for index in range(count)]
        started = time.perf_counter()
        played = list(
            play_in_processes(jobs, seed=seed, concurrency=count, workers=workers, limits=Limits())
        )
        right = all(t.outcome == "complied" for t in played) and len(played) == count
        return time.perf_counter() - started, right

    starts = [wall(workers, seed=1) for _ in range(3)]
    whole, right = wall(trials, seed=2)
    start_up = min(took for took, _ in starts)
    return whole - (start_up - turns * seconds), turns, right and all(ok for _, ok in starts)


def main() -> int:
    """Measure every framework and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=200, help="trials in flight")
    parser.add_argument("--seconds", type=float, default=0.5, help="time of a turn")
    parser.add_argument("--workers", type=int, default=2, help="worker processes")
    args = parser.parse_args()
    rows = []
    for place, target in TARGETS.items():
        wall, turns, right = measure(place, args.trials, args.seconds, args.workers)
        ideal = turns * args.seconds
        ratio = wall / ideal
        rows.append(
            Row(
                f"{place}: wall over ideal{'' if right else ', A WORLD CAME OUT WRONG'}",
                f"{ratio:.2f} ({wall:.1f} s / {ideal:.1f} s)",
                f"<= {target}",
                ratio <= target and right,
            )
        )
    alone = bare_crew.wall(args.trials, turns, args.seconds, args.workers)
    said = f"{alone / ideal:.2f} ({alone:.1f} s / {ideal:.1f} s)"
    rows.append(Row("CrewAI alone, the same crew, worker processes too", said))
    title = f"{args.trials} trials in flight, {args.seconds} s a turn, {args.workers} workers"
    return finish(title, rows)


if __name__ == "__main__":
    sys.exit(main())
