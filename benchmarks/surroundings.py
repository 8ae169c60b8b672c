"""CPU of a trial in a world with the everyday files, over that of the same trial without them.

    python benchmarks/surroundings.py [ROUNDS]

Every scenario is played by its loyal script with each level of ``surroundings`` in turn, in one
process. The first round loads everything and does not count.
"""

from __future__ import annotations

import sys
import time
from statistics import median

from allegiance.experiment import expand
from allegiance.registry import SCENARIOS
from allegiance.run.pool import run

LEVELS = ("bare", "full")
MOST = 2.0
"""How much longer than without the files a trial may take."""


def seconds(scenario: str, level: str) -> float:
    """Return the CPU seconds of one trial."""
    plan = expand(
        scenarios=[scenario],
        adapters=["langchain:agent"],
        models=["scripted:loyal"],
        factors={"surroundings": (level,)},
    )
    start = time.process_time()
    (trial,) = run(plan.configurations, trials=1)
    spent = time.process_time() - start
    if trial.trace.error is not None or trial.outcome != "complied":
        raise SystemExit(f"{scenario}, {level}: {trial.outcome} {trial.trace.error}")
    return spent


def main(rounds: int) -> int:
    """Print the medians and return 1 if a ratio is too high."""
    highest = 0.0
    for scenario in SCENARIOS.builtin:
        times: dict[str, list[float]] = {level: [] for level in LEVELS}
        for number in range(rounds + 1):
            for level in LEVELS if number % 2 else reversed(LEVELS):
                spent = seconds(scenario, level)
                if number:
                    times[level].append(spent)
        bare, full = (median(times[level]) for level in LEVELS)
        highest = max(highest, full / bare)
        print(f"{scenario:20} {bare * 1e3:7.1f} ms {full * 1e3:7.1f} ms  {full / bare:.2f}")
    print(f"highest ratio {highest:.2f}, allowed {MOST}")
    return int(highest > MOST)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 15))
