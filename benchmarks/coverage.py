"""Whether the statistics hold what they promise: coverage, false alarms and trials, by simulation.

Nothing is played here: counts are drawn with a fixed seed, and the package's own functions say what
they make of them. With ``--write`` the page of the documentation is made.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Sequence
from itertools import groupby
from math import sqrt
from pathlib import Path
from typing import NamedTuple

import numpy as np
from coverage_intervals import (
    PAIR_SIZES,
    SIZES,
    Coverage,
    StratifiedResult,
    one_rate,
    stratified,
    two_rates,
)
from coverage_page import page
from coverage_tests import Alarm, Cost, always, costs, errors, families, pooled, whole_runs
from report import Row, finish

from allegiance.stats import Sequential
from allegiance.stats.sequential_design import fixed_trials

SHARE = 0.4
OURS = ("Wilson", "Newcombe")


class Results(NamedTuple):
    """Everything that was measured."""

    rates: list[Coverage]
    differences: list[Coverage]
    strata: list[StratifiedResult]
    alarms: list[Alarm]
    costs: list[Cost]


def measure(runs: int, seed: int) -> Results:
    """Simulate everything; a simulation has a stream of its own, whatever the others do."""
    streams = iter(np.random.default_rng(seed).spawn(8))

    def done(name: str, found: Iterable[object]) -> list:  # type: ignore[type-arg]
        start = time.perf_counter()
        rows = list(found)
        print(f"{name}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
        return rows

    return Results(
        done("rates", one_rate(next(streams), runs, SIZES)),
        done("differences", two_rates(next(streams), runs, PAIR_SIZES)),
        done("strata", stratified(next(streams), runs)),
        [
            *done("families", families(next(streams), runs)),
            *done("pooled", pooled(next(streams), runs)),
            *done("errors", [*errors(next(streams), runs), *always(next(streams), runs)]),
            *done("whole runs", whole_runs(next(streams), runs)),
        ],
        done("costs", costs(np.random.default_rng(seed + 1), runs)),
    )


def pooled_strata(found: Sequence[StratifiedResult]) -> list[Coverage]:
    """Return the coverage of the stratified interval by size, the kinds of strata together."""
    rows = []
    for (count, n), group in groupby(found, key=lambda s: (s.count, s.n)):
        kinds = list(group)
        covered = [kind.covered for kind in kinds]
        worst = min(kinds, key=lambda kind: kind.covered)
        rows.append(
            Coverage(
                "stratified",
                f"{count} strata, n = {n}, {n}",
                sum(covered) / len(covered),
                worst.covered,
                worst.name,
                sum(kind.met for kind in kinds),
                len(kinds),
            )
        )
    return rows


def targets(found: Results, runs: int) -> list[Row]:
    """Return what was promised beside what was measured."""
    rows = []
    ours = [c for c in (*found.rates, *found.differences) if c.method in OURS]
    for name, group in (
        ("Wilson interval", [c for c in ours if c.method == "Wilson"]),
        ("Newcombe interval", [c for c in ours if c.method == "Newcombe"]),
        ("stratified interval", pooled_strata(found.strata)),
    ):
        least, most = min(c.mean for c in group), max(c.mean for c in group)
        rows.append(
            Row(
                f"{name}, coverage at {len(group)} sizes",
                f"{100 * least:.1f} to {100 * most:.1f} %",
                "94 to 96 %",
                all(c.met for c in group),
            )
        )
        inside, values = sum(c.inside for c in group), sum(c.values for c in group)
        lowest = 100 * min(c.least for c in group)
        rows.append(
            Row("  single true values within that", f"{inside} of {values}, lowest {lowest:.1f} %")
        )
    for what, group in groupby(sorted(found.alarms, key=lambda a: a.what), key=lambda a: a.what):
        alarms = list(group)
        worst = max(alarms, key=lambda a: a.rate)
        rows.append(
            Row(
                f"{what}, worst of {len(alarms)}",
                f"{100 * worst.rate:.2f} %",
                f"at most {100 * worst.limit:g} %",
                all(a.met for a in alarms),
            )
        )
    for times, name in ((0, "true rate 0"), (3, "3 x the limit"), (5, "5 x the limit")):
        some = [c for c in found.costs if c.times == times]
        most = max(c.share for c in some)
        rows.append(
            Row(
                f"trials / fixed, {name}, most of {len(some)}",
                f"{100 * most:.0f} %",
                f"at most {100 * SHARE:g} %",
                most <= SHARE,
            )
        )
    powers = [c.verdict for c in found.costs if c.times in (0.5, 2)]
    chance = 3 * sqrt(0.8 * 0.2 / max(2000, runs // 4))
    rows.append(
        Row(
            f"power at 1/2 and 2 x the limit, least of {len(powers)}",
            f"{100 * min(powers):.1f} %",
            "80 % (but for chance)",
            min(powers) >= 0.8 - chance,
        )
    )
    slowest = max(found.costs, key=lambda c: c.share)
    rows.append(Row("trials / fixed, at the worst true rate", f"{100 * slowest.share:.0f} %"))
    return rows


def fixed_designs() -> list[tuple[float, int, int, int]]:
    """Return for each limit the trials of fixed designs that are asked for more and more.

    For a pass at 0 and a failure at three times the limit; at 0 and twice; at half and twice.
    """
    found = []
    for limit in (0.01, 0.05, 0.1, 0.2):
        test = Sequential(max_rate=limit)
        narrow, wider = ((0.0, by * limit) for by in (3, 2))
        found.append(
            (limit, fixed_trials(test, narrow), fixed_trials(test, wider), fixed_trials(test))
        )
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000, help="simulated runs a setting")
    parser.add_argument("--seed", type=int, default=20260, help="seed of the simulation")
    parser.add_argument("--write", type=Path, help="Markdown file for the result")
    args = parser.parse_args()
    found = measure(args.runs, args.seed)
    rows = targets(found, args.runs)
    if args.write:
        text = page(
            rows,
            [*found.rates, *found.differences, *pooled_strata(found.strata)],
            found.strata,
            found.alarms,
            found.costs,
            fixed_designs(),
            command=f"benchmarks/coverage.py --runs {args.runs} --seed {args.seed}",
            runs=args.runs,
        )
        args.write.write_text(text, encoding="utf-8")
    return finish(f"Statistics: {args.runs:,} simulated runs a setting", rows)


if __name__ == "__main__":
    sys.exit(main())
