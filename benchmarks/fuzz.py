"""The property tests with many random examples, from one seed after the other, for some minutes.

`make test` plays the same few examples every time. Here each round draws new ones; the first round
with a failure is the last, and its command, which repeats it, is printed.
"""

from __future__ import annotations

import argparse
import random
import shlex
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
NOTHING_COLLECTED = 5
"""Exit code of pytest where no test is left."""


def command(seed: int, tests: list[str]) -> list[str]:
    """Return the command that plays one round."""
    profile = ["--hypothesis-profile=fuzz", f"--hypothesis-seed={seed}"]
    return [
        sys.executable,
        "-m",
        "pytest",
        "-m",
        "hypothesis",
        "-x",
        "-n",
        "auto",
        "--timeout=0",  # so many examples take as long as they take
        *profile,
        *tests,
    ]


def main() -> int:
    """Play rounds until the time is over; return 1 at the first failure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("tests", nargs="*", help="files of tests; all by default")
    options = parser.parse_args()
    end = time.monotonic() + 60 * options.minutes
    rounds = 0
    while (left := end - time.monotonic()) > 0:
        round_ = command(random.SystemRandom().randrange(2**32), options.tests)
        print(f"round {rounds + 1}: {shlex.join(round_)}", flush=True)
        try:
            done = subprocess.run(round_, cwd=ROOT, timeout=left)
        except subprocess.TimeoutExpired:
            print("the time is over; what was played of this round passed")
            break
        if done.returncode == NOTHING_COLLECTED:
            print("there is no property test in these files", file=sys.stderr)
            return 2
        if done.returncode:
            print(f"failed; play it again with: {shlex.join(round_)}", file=sys.stderr)
            return 1
        rounds += 1
    print(f"{rounds} whole rounds passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
