"""What importing the core and ``allegiance --version`` cost in CPU time over bare Python.

Every command runs in fresh processes, the commands taking turns, and the medians are compared.
Importing pydantic alone is measured beside them: it is what the core cannot do without.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
from pathlib import Path
from statistics import median

from report import Row, finish

CORE = (
    "import allegiance.run.pool, allegiance.guard.guard, "
    "allegiance.probe.protocol, allegiance.trace.events"
)
PYDANTIC = """
from pydantic import BaseModel, ConfigDict
class Model(BaseModel):
    model_config = ConfigDict(defer_build=True)
    field: int
"""
FRAMEWORKS = ("langchain", "langgraph", "langsmith", "autogen", "crewai", "openai")
HEAVY = ("scipy", "pandas", "asyncio", "pydantic.plugin._loader")
"""Libraries that can wait; pydantic loads its plugins as it builds the first class."""
LOADED = f"""
import sys
{CORE}
print(*sorted(sys.modules))
"""

COMMANDS: dict[str, list[str]] = {
    "bare": [sys.executable, "-c", "pass"],
    "pydantic": [sys.executable, "-c", PYDANTIC],
    "core": [sys.executable, "-c", CORE],
    "version": [str(Path(sys.executable).with_name("allegiance")), "--version"],
}
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def cpu(command: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, env=ENVIRONMENT, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def loaded() -> list[str]:
    """Return the frameworks and heavy libraries that importing the core loads."""
    command = [sys.executable, "-c", LOADED]
    run = subprocess.run(command, check=True, env=ENVIRONMENT, capture_output=True, text=True)
    names = {name.partition(".")[0] for name in run.stdout.split() if name.startswith(FRAMEWORKS)}
    return sorted(names | ({*HEAVY} & {*run.stdout.split()}))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=21, help="fresh processes a command")
    repeats = parser.parse_args().repeats
    heavy = loaded()
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(repeats):
        for name, command in COMMANDS.items():
            times[name].append(cpu(command))
    bare = median(times["bare"])
    over = {name: median(values) - bare for name, values in times.items()}
    rows = [
        Row("loaded beside the core", ", ".join(heavy) or "none", "none", not heavy),
        Row("bare Python", f"{bare:.3f} s"),
        Row("pydantic alone, over bare", f"{over['pydantic']:.3f} s"),
        Row("core / pydantic alone", f"{over['core'] / over['pydantic']:.2f}"),
        Row("core, over bare", f"{over['core']:.3f} s", "0.100 s", over["core"] <= 0.1),
        Row("allegiance --version", f"{over['version']:.3f} s", "0.200 s", over["version"] <= 0.2),
    ]
    return finish(f"Start-up: CPU time, median of {repeats} fresh processes", rows)


if __name__ == "__main__":
    sys.exit(main())
