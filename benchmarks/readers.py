"""What hostile text costs each function that reads a text: CPU time, its growth, and memory.

Each marked function gets long repetitions of its own delimiters, one by one and in pairs, each with
a mismatch at the end. The slowest of them at 10 kB are measured at 1 kB, 10 kB and 100 kB.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
import tracemalloc
from itertools import pairwise
from pathlib import Path

from report import Row, finish

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "repository"))

from reader_calls import ALLOWED, call, load, pairs, repeat

from allegiance.reading import Reader

SIZES = (1_000, 10_000, 100_000)
SECONDS = 0.1
GROWTH = 20.0
"""The most that ten times the length may cost: linear is 10."""
SHORTEST = 0.002
"""CPU seconds below which growth says nothing."""
MEMORY = 32_000_000
TARGET = f"{SECONDS * 1000:.0f} ms, {GROWTH:.0f} times, {MEMORY / 1e6:.0f} MB"
WORST = 8
"""Texts of each function that are measured at every size."""


def seconds(name: str, text: str, times: int = 5) -> tuple[float, bool]:
    """Return the least CPU time of a function on a text, and whether it refused the text."""
    best, refused = float("inf"), False
    for _ in range(times):
        gc.collect()
        start = time.process_time()
        try:
            call(name, text)
        except ALLOWED as error:
            refused = "at most" in str(error)
        best = min(best, time.process_time() - start)
        if not SECONDS / 10 < best < 10 * SECONDS:  # neither close to the target nor worth waiting
            break
    return best, refused


def memory(name: str, text: str) -> int:
    """Return the most bytes that a function holds at once."""
    tracemalloc.start()
    try:
        call(name, text)
    except ALLOWED:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak


def measure(name: str, reader: Reader) -> tuple[str, float, float, int, bool]:
    """Return the worst text, its time and growth, the most memory, and whether all is refused."""
    delimiters, most_read = reader.delimiters, reader.limit or SIZES[-1]
    sizes = SIZES if most_read >= SIZES[-1] else (most_read // 100, most_read // 10, most_read)
    patterns = [*delimiters, *pairs(delimiters)]
    call_once = repeat(patterns[0], SIZES[0])
    seconds(name, call_once, 1)  # what a first call loads is not counted
    slowest = sorted(patterns, key=lambda p: -seconds(name, repeat(p, sizes[1]), 1)[0])[:WORST]
    worst, most, growth, peak, all_refused = "", 0.0, 0.0, 0, True
    for pattern in dict.fromkeys([*slowest, *delimiters]):
        costs = [seconds(name, repeat(pattern, size)) for size in (*sizes, SIZES[-1])]
        times = [cost for cost, _ in costs[:3]]
        all_refused = all_refused and costs[-1][1]
        for short, long in pairwise(times):
            if long > SHORTEST:
                growth = max(growth, long / max(short, SHORTEST / GROWTH))
        if (slowest_time := max(cost for cost, _ in costs)) > most:
            worst, most = pattern, slowest_time
        peak = max(peak, memory(name, repeat(pattern, sizes[-1])))
    return worst, most, growth, peak, all_refused


def main() -> int:
    """Measure every marked function and print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="parts of names of functions; all by default")
    wanted = parser.parse_args().names
    rows: list[Row] = []
    worst_texts: list[str] = []
    for name, reader in load().items():
        if wanted and not any(part in name for part in wanted):
            continue
        worst, most, growth, peak, refused = measure(name, reader)
        shown = f"{most * 1000:.1f} ms, {growth:.1f} times, {peak / 1e6:.1f} MB"
        within = (most <= SECONDS or refused) and growth <= GROWTH and peak <= MEMORY
        worst_texts.append(f"{name}: {worst!r}")
        rows.append(Row(name.removeprefix("allegiance."), shown, TARGET, within))
    print("Slowest text of each:", *worst_texts, sep="\n  ")
    return finish(f"{SIZES[-1] // 1000} kB of hostile text", rows)


if __name__ == "__main__":
    sys.exit(main())
