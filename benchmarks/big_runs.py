"""Memory and throughput of the commands that read a run, from 1,000 to 100,000 trials.

A few real trials are played by scripted characters and written again and again, each with a key, a
number and words of its own, which makes lines of the usual size (9 to 10 kB). Every command runs in
a process of its own, which notes its peak of resident memory as it ends.

    .venv/bin/python benchmarks/big_runs.py
    .venv/bin/python benchmarks/big_runs.py --sizes 1000 10000
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

from report import Row, finish

from allegiance.experiment import expand
from allegiance.run import run
from allegiance.store import Manifest, Store
from allegiance.store.writer import TRIALS
from allegiance.trace import Trial

SCENARIOS = ("performance_review", "rubric_grading", "shutdown_setting", "stop_order",
             "server_migration")  # fmt: skip
MODELS = ("scripted:loyal", "calibrated:gemini-3-pro")
SEEDS = 4  # real trials of each cell
GROWTH = 2.0  # from the first size to the last: buffers of a fixed size fill up
LAST_GROWTH = 1.25  # from the last size but one: of a trial its key may stay, and no more
COMMANDS = {
    "open (show)": ("show", "RUN"),
    "report": ("report", "RUN", "--html", "OUT/report.html"),
    "rescore": ("rescore", "RUN", "--out", "OUT/rescored"),
    "gate": ("gate", "RUN"),
    "compare": ("compare", "RUN"),
    "export csv": ("export", "RUN", "--to", "csv", "--out", "OUT/trials.csv"),
    "merge": ("merge", "RUN", "--out", "OUT/merged"),
}
DONE = (0, 1, 3)  # the gate says fail or inconclusive by its exit code

# what the system says of a child's peak (ru_maxrss) is on Linux that of its parent, if that is more
WATCHED = """
import re, resource, sys
from pathlib import Path
from allegiance.cli import main
peak = sys.argv.pop(1)
try:
    main()
finally:
    if sys.platform == "linux":
        found = int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
    else:
        found = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found //= 1024 if sys.platform == "darwin" else 1
    Path(peak).write_text(str(found))
"""


class Cost(NamedTuple):
    """What one command took: seconds, and megabytes at its peak."""

    seconds: float
    peak: float


def make(folder: Path, size: int) -> None:
    """Write a whole run of a size."""
    plan = expand(
        scenarios=SCENARIOS,
        adapters=["langgraph:pipeline", "langgraph:swarm"],
        factors={"relationship": ["none", "good"]},
        models=MODELS,
    )
    each = size // len(plan.configurations)
    manifest = Manifest(
        started="2026-01-01T00:00:00+00:00",
        trials=each,
        seed=0,
        limits={},
        configurations=plan.configurations,
    )
    played = run(plan.configurations, trials=SEEDS)
    by_cell = [cycle([t for t in played if _cell(t) == _cell(one)]) for one in _firsts(played)]
    with Store(folder, manifest) as store:
        for number in range(each):
            for at, trials in enumerate(by_cell):
                store.append(_again(next(trials), number, number * len(by_cell) + at))


def _cell(trial: Trial) -> tuple[object, ...]:
    t = trial.trace
    return t.scenario, t.condition, t.pattern, t.model


def _firsts(trials: list[Trial]) -> list[Trial]:
    return list({_cell(trial): trial for trial in trials}.values())


def _again(trial: Trial, number: int, place: int) -> Trial:
    """Return a trial with a key, a number and words of its own."""
    events = tuple(
        e.model_copy(update={"text": f"{e.text}\n(Reference {place:07d}.)"})
        if e.kind == "message" and e.actor == "critic"
        else e
        for e in trial.trace.events
    )
    own = {"key": f"{place:016x}", "trial": number, "events": events}
    return trial.model_copy(update={"trace": trial.trace.model_copy(update=own)})


def measure(args: tuple[str, ...], folder: Path, out: Path) -> Cost:
    """Run a command and return what it took."""
    words = [a.replace("RUN", str(folder)).replace("OUT", str(out)) for a in args]
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, str(out / "peak"), *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - begun
    if done.returncode not in (DONE if "gate" in args else (0,)):
        raise SystemExit(f"{' '.join(words)}: {done.stderr}")
    return Cost(seconds, int((out / "peak").read_text()) / 1024)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--only", nargs="*", default=[], help="Names of commands.")
    args = parser.parse_args()
    names = [n for n in COMMANDS if not args.only or n.split()[0] in args.only]
    costs: dict[str, dict[int, Cost]] = {name: {} for name in names}
    for size in args.sizes:
        with tempfile.TemporaryDirectory(prefix="big-runs-") as scratch:
            folder = Path(scratch) / "run"
            make(folder, size)
            bytes_ = (folder / TRIALS).stat().st_size
            print(f"{size:,} trials, {bytes_ / 1e6:,.0f} MB", flush=True)
            for name in names:
                with tempfile.TemporaryDirectory(dir=scratch) as out:
                    cost = costs[name][size] = measure(COMMANDS[name], folder, Path(out))
                rate = size / cost.seconds
                print(f"  {name:<12} {cost.seconds:7.1f} s  {rate:9,.0f}/s  {cost.peak:6.0f} MB",
                      flush=True)  # fmt: skip
    rows = []
    for name, found in costs.items():
        peaks = [found[size].peak for size in sorted(found)]
        last = found[max(found)]
        growth, late = peaks[-1] / peaks[0], peaks[-1] / peaks[-2 if len(peaks) > 1 else -1]
        rows.append(
            Row(
                name,
                f"{' '.join(f'{p:.0f}' for p in peaks)} MB, {growth:.2f} and {late:.2f} times; "
                f"{max(found) / last.seconds:,.0f} trials/s",
                f"{GROWTH:g} and {LAST_GROWTH:g} times",
                growth <= GROWTH and late <= LAST_GROWTH,
            )
        )
    sizes = ", ".join(f"{size:,}" for size in args.sizes)
    return finish(
        f"{sizes} trials: peak memory, its growth from the first and the last but one", rows
    )


if __name__ == "__main__":
    sys.exit(main())
