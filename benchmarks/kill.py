"""Kill -9 at random moments of runs of 500 trials, then resume: is anything lost or counted twice?

Three things are killed: the command itself, a worker process of it, a worker of a Ray cluster. A
command that was killed is gone on with until it ends by itself. Then every run must hold the same
trials, event by event, as one that nobody disturbed, and print the same table.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from report import Row, finish

from allegiance.store.writer import read

PLAN = (
    "disk_cleanup",
    "--model",
    "calibrated:gemini-3-pro",
    "--factor",
    "relationship=none,good",
    "--trials",
    "250",
    "--concurrency",
    "8",
)
COMMAND = (sys.executable, "-c", "from allegiance.cli import main; main()", "run")
LONGEST = {"process": 4.0, "worker": 0.5, "ray": 0.5}
"""Seconds to the next kill, at most: from the start of the command, or from its next trial on."""
PER_RUN = 10
"""Kills of one run, at most: what is in hand at three deaths is given up, as it should be."""


@dataclass
class Count:
    """What became of the runs of one kind."""

    kills: int = 0
    runs: int = 0
    lost: int = 0
    twice: int = 0
    different: int = 0
    tables: int = 0
    faults: list[str] = field(default_factory=list)


def contents(folder: Path) -> tuple[dict[str, object], int]:
    """Return what a run says by key, without its times, and how many lines it has."""
    run = read(folder)
    assert not run.problems, run.problems
    trials = list(run.trials)
    return {t.trace.key: (t.outcome, t.trace.events, t.verdicts) for t in trials}, len(trials)


def table(folder: Path) -> str:
    """Return the tables that a finished run prints, without the list of trials."""
    show = (*COMMAND[:-1], "show", str(folder))
    text = subprocess.run(show, capture_output=True, text=True, check=True).stdout
    return text.partition("    0 ")[0]


def start(*options: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([*COMMAND, *options], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def victims(parent: int, kind: str) -> list[int]:
    """Return what may be killed of a running command."""
    if kind == "process":
        return [parent]
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            name = (path / "cmdline").read_bytes()
            ours = f"\nPPid:\t{parent}\n" in (path / "status").read_text()
        except OSError:
            continue
        ray = kind == "ray" and name.startswith(b"ray::_play_batch")
        worker = kind == "worker" and ours and b"spawn_main" in name
        if ray or worker:
            found.append(int(path.name))
    return found


def progress(process: subprocess.Popen[bytes], folder: Path, written: int) -> int:
    """Wait until more is written than before; workers that die as they start never get there."""
    path = folder / "trials.jsonl"
    while process.poll() is None and not (path.exists() and path.stat().st_size > written):
        time.sleep(0.01)
    return path.stat().st_size if path.exists() else 0


def disturb(folder: Path, kind: str, kills: int, rng: random.Random, count: Count) -> None:
    """Play a run, killing so many of its parts at random moments, until it has ended by itself."""
    options = {"process": (), "worker": ("--workers", "2"), "ray": ("--executor", "ray")}[kind]
    process = start(*PLAN, *options, "--out", str(folder))
    written = 0
    while True:
        if kills and process.poll() is None:
            if kind != "process":
                written = progress(process, folder, written)
            time.sleep(rng.uniform(0, LONGEST[kind]))
            for pid in rng.sample(found := victims(process.pid, kind), min(1, len(found))):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
                kills -= 1
                count.kills += 1
            if kind == "process":
                process.wait()
        elif process.wait() == 0:
            return
        if process.poll() not in (None, 0):
            assert process.stderr is not None
            said = process.stderr.read().decode()
            if process.returncode != -signal.SIGKILL:
                count.faults.append(said[-300:])
                return
            there = (folder / "run.json").exists() and (folder / "run.json").stat().st_size
            if not there:  # killed before anything was written: there is nothing to go on with
                shutil.rmtree(folder, ignore_errors=True)
                process = start(*PLAN, *options, "--out", str(folder))
            else:
                process = start("--resume", str(folder), *PLAN[-2:], *options)


def measure(kind: str, kills: int, root: Path, rng: random.Random) -> Count:
    """Disturb runs until there were so many kills, and compare each with the undisturbed one."""
    whole, printed = contents(root / "whole")[0], table(root / "whole")
    count = Count()
    while count.kills < kills and not count.faults:
        folder = root / f"{kind}-{count.runs}"
        disturb(folder, kind, min(PER_RUN, kills - count.kills), rng, count)
        count.runs += 1
        if count.faults:
            break
        found, lines = contents(folder)
        count.lost += len(set(whole) - set(found))
        count.twice += lines - len(found)
        count.different += sum(found[key] != whole.get(key) for key in found)
        count.tables += table(folder) != printed
        shutil.rmtree(folder)
        print(f"{kind}: {count.kills} kills, {count.runs} runs", file=sys.stderr, flush=True)
    return count


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--process", type=int, default=80, help="kills of the command itself")
    parser.add_argument("--worker", type=int, default=80, help="kills of a worker process")
    parser.add_argument("--ray", type=int, default=40, help="kills of a worker of Ray")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        subprocess.run(
            [*COMMAND, *PLAN, "--out", str(root / "whole")], check=True, capture_output=True
        )
        for kind in ("process", "worker", "ray"):
            if not (kills := getattr(args, kind)):
                continue
            count = measure(kind, kills, root, random.Random(args.seed))
            what = f"{kind}: {count.kills} kills in {count.runs} runs of 500 trials"
            wrong = count.lost + count.twice + count.different + count.tables + len(count.faults)
            said = (
                f"{count.lost} lost, {count.twice} twice, {count.different} different, "
                f"{count.tables} other tables"
            )
            rows.append(Row(what, said, "none", not wrong))
            for fault in count.faults:
                print(fault, file=sys.stderr)
    return finish("Killed and gone on with", rows)


if __name__ == "__main__":
    sys.exit(main())
