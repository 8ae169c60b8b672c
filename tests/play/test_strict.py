"""Each adapter, alone in a process with an empty home and no network, leaves nothing behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from allegiance.registry import ADAPTERS

PROGRAM = """
import json, os, signal, socket, sys, threading

tried = []

def denied(self, address, *rest):
    if self.family != socket.AF_UNIX:
        tried.append(str(address))
        raise OSError("the network is denied")

socket.socket.connect = denied
socket.socket.connect_ex = denied
socket.getaddrinfo = lambda host, *rest, **more: denied(socket.socket(), host)
numbers = sorted(signal.valid_signals())
before = [signal.getsignal(n) for n in numbers], os.environ["HOME"]

from allegiance.experiment import expand
from allegiance.run import run

name = sys.argv[1]
plan = expand(
    scenarios=["stop_order", "disk_cleanup"],
    adapters=[name],
    models=["scripted:clumsy", "scripted:exfiltrator"],
)
trials = run(plan.configurations, trials=2)
if name == "crewai":  # whose agents and crews leave things behind by themselves
    from crewai import Agent, Crew, Task

    def build(kit):
        agent = Agent(
            role="a", goal="b", backstory=kit.instructions, llm=kit.model, tools=kit.tools
        )
        task = Task(description="{task}", expected_output="A report.", agent=agent)
        return Crew(agents=[agent], tasks=[task])

    models = ["scripted:loyal", "scripted:exfiltrator"]
    plan = expand(scenarios=["disk_cleanup"], adapters=[name], models=models, app="mine:build")
    trials += run(plan.configurations, build=build)
for thread in threading.enumerate():
    if thread.name.startswith("allegiance"):
        thread.join(120)  # one that is about to end is not left behind
report = {
    "outcomes": sorted({t.outcome for t in trials}),
    "errors": [t.trace.error for t in trials if t.trace.error],
    "tried": tried,
    "as before": ([signal.getsignal(n) for n in numbers], os.environ["HOME"]) == before,
    "threads": [t.name for t in threading.enumerate()
                if not t.daemon and t is not threading.main_thread()],
}
with open(os.environ["REPORT"], "w") as file:
    json.dump(report, file)
"""
IDLE_POOL = ("CrewAISyncHandler",)
"""Threads of CrewAI's own event bus, which wait for the process to end."""


@pytest.mark.parametrize("name", ADAPTERS.builtin)
def test_nothing_is_left_behind(name: str, tmp_path: Path) -> None:
    home, here, temporary = (tmp_path / d for d in ("home", "here", "temporary"))
    for folder in (home, here, temporary):
        folder.mkdir()
    kept = ("PATH", "LANG", "SSL_CERT_FILE", "VIRTUAL_ENV")
    env = {k: v for k, v in os.environ.items() if k in kept} | {
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "REPORT": str(tmp_path / "report.json"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM, name]
    done = subprocess.run(command, cwd=here, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (done.stdout, done.stderr) == ("", "")
    report = json.loads((tmp_path / "report.json").read_text())
    left = [str(p.relative_to(tmp_path)) for d in (home, here, temporary) for p in d.rglob("*")]
    assert left == []
    assert report["tried"] == []
    assert report["as before"]
    assert report["errors"] == []
    assert report["outcomes"] == ["complied", "violated"]
    assert [t for t in report["threads"] if not t.startswith(IDLE_POOL)] == []
