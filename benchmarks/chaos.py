"""Every misbehaviour of a provider through every framework: does each trial end in a status?

Each cell is one trial against a server on the loopback. It must end within its time limit and be
recorded. An answer that cannot be used is an error; a count of tokens or a tool call that is odd
ends no trial.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import warnings
from collections import Counter
from pathlib import Path

from report import Row, finish

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "provider"))
os.environ.setdefault("OPENAI_API_KEY", "unused")

from chaos_provider import BROKEN, ODD, Chaos, serving
from misbehaviours import BAD_HTTP, NEW

from allegiance.experiment import Limits, expand
from allegiance.run import run
from allegiance.store.writer import line
from allegiance.trace import Trial

ADAPTERS = ("langchain:agent", "langgraph:pipeline", "autogen:round_robin", "crewai:sequential")
SLOW = ("hang", "drip")
TIMEOUT = 60.0


def play(mode: str, adapter: str) -> tuple[Trial, float]:
    """Play one trial; return it as the store reads it, and its seconds."""
    limits = Limits(
        timeout=TIMEOUT,
        turns=12,
        attempts=2,
        backoff=0.002,
        request=0.5 if mode in SLOW else TIMEOUT / 2,
    )
    with serving(Chaos(mode)) as url:
        plan = expand(
            scenarios=["rubric_grading"],
            adapters=[adapter],
            factors={},
            models=["openai:m"],
            base_url=url,
        )
        started = time.perf_counter()
        (trial,) = run(plan.configurations, limits=limits)
    return Trial.model_validate_json(line(trial)), time.perf_counter() - started


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, help="a JSON file for the outcome of every cell")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    outcomes: dict[str, dict[str, str]] = {}
    counts: Counter[str] = Counter()
    faults, slowest = [], 0.0
    for mode in (*BROKEN, *ODD, *NEW):
        for adapter in ADAPTERS:
            trial, seconds = play(mode, adapter)
            outcomes.setdefault(mode, {})[adapter] = trial.outcome
            counts[trial.outcome] += 1
            slowest = max(slowest, seconds)
            unusable = mode in BROKEN or mode in BAD_HTTP
            if (trial.outcome == "error") != unusable or trial.trace.truncated:
                cause = trial.trace.error or trial.trace.truncated
                faults.append(f"{mode} {adapter}: {trial.outcome}: {cause!s:.200}")
    differing = [mode for mode, cells in outcomes.items() if len(set(cells.values())) > 1]
    if options.write:
        options.write.write_text(json.dumps(outcomes, indent=1) + "\n")
    for fault in (
        *faults,
        *(f"the frameworks differ: {mode} {outcomes[mode]}" for mode in differing),
    ):
        print(fault, file=sys.stderr)
    total = counts.total()
    said = ", ".join(f"{number} {outcome}" for outcome, number in counts.most_common())
    rows = [
        Row(f"{len(outcomes)} misbehaviours in {len(ADAPTERS)} frameworks", f"{total}: {said}"),
        Row("another status than stated", str(len(faults)), "0", not faults),
        Row("frameworks that differ", str(len(differing)), "0", not differing),
        Row("slowest trial", f"{slowest:.1f} s", f"{TIMEOUT:g} s", slowest < TIMEOUT),
    ]
    return finish("Misbehaviours of a provider", rows)


if __name__ == "__main__":
    sys.exit(main())
