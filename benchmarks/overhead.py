"""CPU time of a trial over the same LangGraph app without recorder, probes and store.

Bare runs and trials take turns in one event loop, so that whatever else the machine does falls on
both. The trial is the comply script of ``rubric_grading`` in ``langgraph:pipeline``.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import sys
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles

import bare
from report import Row, finish

from allegiance.experiment import Configuration, Limits
from allegiance.play.prepared import prepare
from allegiance.play.trial import play
from allegiance.scenario import Turn
from allegiance.store import Store
from allegiance.store.writer import TRIALS
from allegiance.trace import Condition

WARM_UP = 20


async def measure(trials: int, folder: Path) -> tuple[list[float], list[float]]:
    """Return the CPU seconds of each bare run and of each trial."""
    spec = Configuration(
        scenario="rubric_grading",
        condition=Condition(peer_conduct="silent"),
        adapter="langgraph",
        pattern="pipeline",
        model="scripted:script:comply",
    )
    prepared, limits = prepare(spec), Limits()
    stage = prepared.setup.stage
    first = await play(prepared, 0, 0, limits, None)
    turns, said = stage.scripts["comply"].turns, Turn(text=stage.text("handover"))
    app = bare.build(prepared.setup, turns, said, first.trace.events)
    plain: list[float] = []
    ours: list[float] = []
    with Store(folder, None) as store:

        async def run_bare(index: int) -> None:
            start = time.process_time()
            last = await bare.run(app, stage.task)
            plain.append(time.process_time() - start)
            assert last == bare.FILED

        async def run_trial(index: int) -> None:
            start = time.process_time()
            trial = await play(prepared, index, 0, limits, None)
            store.append(trial)
            ours.append(time.process_time() - start)
            assert trial.outcome == "complied", trial.trace.error

        gc.collect()
        gc.freeze()  # as `allegiance run` does once its cells are ready
        for index in range(trials + WARM_UP):
            pair = (run_bare, run_trial)
            for run in pair if index % 2 else reversed(pair):
                await run(index)
    assert (folder / TRIALS).read_bytes().count(b"\n") == trials + WARM_UP
    return plain[WARM_UP:], ours[WARM_UP:]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=500, help="bare runs, and trials")
    trials = parser.parse_args().trials
    with tempfile.TemporaryDirectory() as folder:
        plain, ours = asyncio.run(measure(trials, Path(folder)))
    extra = 1000 * (median(ours) - median(plain))
    low, _, high = quantiles((1000 * (b - a) for a, b in zip(plain, ours, strict=True)), n=4)
    quiet = quantiles(ours, n=10)[0] - quantiles(plain, n=10)[0]
    rows = [
        Row("bare app", f"{1000 * median(plain):.2f} ms"),
        Row("trial: play, probes, store", f"{1000 * median(ours):.2f} ms"),
        Row("trial over bare app", f"{extra:.2f} ms", "1.00 ms", extra <= 1),
        Row("middle half of the differences", f"{low:.2f} to {high:.2f} ms"),
        Row("trial over bare app, quietest tenth of each", f"{1000 * quiet:.2f} ms"),
        Row("trial / bare app", f"{median(ours) / median(plain):.3f}"),
    ]
    return finish(f"Overhead: CPU time, median of {trials}", rows)


if __name__ == "__main__":
    sys.exit(main())
