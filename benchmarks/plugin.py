"""What the pytest plugin costs: unused, at collection; and used, a scripted case over the bare app.

Every pytest run is a process of its own, with and without the plugin in turn. A case's cost is the
slope between a test of few and one of many cases, so that start-up and imports drop out; the bare
app is the same agent on a scripted model, its tools and turns those of a trial.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from report import Row, finish

HERE = str(Path(__file__).parent)
PLAIN = "def test_nothing():\n    pass\n"
OURS = """
import pytest
from langchain.agents import create_agent


def build(kit):
    return create_agent(kit.model, kit.tools, system_prompt=kit.instructions)


@pytest.mark.allegiance(
    scenarios=["rubric_grading"], trials={count}, model="scripted:loyal", max_rate=0.5
)
def test_it(allegiance):
    allegiance.check(build)
"""
BARE = """
import asyncio
import bare
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from allegiance.experiment import expand
from allegiance.play.prepared import prepare
from allegiance.play.trial import play
from allegiance.experiment import Limits


def test_it():
    (cell,) = expand(scenarios=["rubric_grading"], models=["scripted:loyal"]).configurations
    prepared = prepare(cell)
    stage = prepared.cell.stage

    async def cases():
        first = await play(prepared, 0, 0, Limits(), None)
        model = bare.BareModel(turns=stage.script("loyal").turns)
        tools = bare.native_tools(prepared.cell, first.trace.events)
        app = create_agent(model, tools, system_prompt=stage.system)
        for _ in range({count}):
            done = await app.ainvoke({{"messages": [HumanMessage(stage.task)]}})
            assert "complete" in done["messages"][-1].text

    asyncio.run(cases())
"""


def cpu(folder: Path, *options: str) -> float:
    """Return the CPU seconds of one run of pytest."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = HERE
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stdout + done.stderr
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def collection(folder: Path, repeats: int) -> list[float]:
    """Return, run by run, the CPU seconds that the plugin adds to a collection."""
    (folder / "test_plain.py").write_text(PLAIN)
    cpu(folder, "--co")
    return [
        cpu(folder, "--co") - cpu(folder, "--co", "-p", "no:allegiance") for _ in range(repeats)
    ]


def case(folder: Path, text: str, few: int, many: int) -> float:
    """Return the CPU seconds of one more case."""
    times = []
    for count in (few, many):
        (folder / "test_case.py").write_text(text.format(count=count))
        times.append(cpu(folder, "test_case.py"))
    return (times[1] - times[0]) / (many - few)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=11, help="runs of pytest of each kind")
    parser.add_argument("--cases", type=int, default=200, help="cases of the longer test")
    args = parser.parse_args()
    few, many = 20, 20 + args.cases
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        unused = 1000 * median(collection(folder, args.repeats))
        pairs = [
            (1000 * case(folder, OURS, few, many), 1000 * case(folder, BARE, few, many))
            for _ in range(max(3, args.repeats // 3))
        ]
    extra = median(ours - bare for ours, bare in pairs)
    rows = [
        Row("plugin installed and unused, --co", f"{unused:.1f} ms", "20 ms", unused <= 20),
        Row("bare case", f"{median(bare for _, bare in pairs):.2f} ms"),
        Row("scripted case over the bare one", f"{extra:.2f} ms", "5 ms", extra <= 5),
    ]
    return finish(f"pytest plugin: CPU time, medians of {args.repeats} and {len(pairs)} runs", rows)


if __name__ == "__main__":
    sys.exit(main())
