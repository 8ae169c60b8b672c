"""A real Ray on this machine plays the same trials as one process, whatever dies on the way."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from allegiance.errors import UserError
from allegiance.experiment import Experiment, Limits, expand
from allegiance.play.prepared import prepare
from allegiance.run import execute, run
from allegiance.run.execution import ExecutionOptions
from allegiance.run.pool import in_turn
from allegiance.store.manifest import manifest_of
from allegiance.store.writer import read

pytest.importorskip("ray")


def descends(pid: int) -> bool:
    """Tell whether a process was started by this one, however many are in between."""
    while pid not in (0, os.getpid()):
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return pid == os.getpid()


def ray_workers() -> list[int]:
    """Return our processes that play batches, by the name that Ray gives them."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            pid = int(path.parent.name)
            if path.read_bytes().startswith(b"ray::_play_batch") and descends(pid):
                found.append(pid)
        except OSError:
            pass
    return found


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="finds Ray's workers in /proc")
def test_killed_workers_lose_nothing_and_the_rest_is_as_in_one_process() -> None:
    from allegiance.run.ray import play_on_ray

    plan = expand(
        scenarios=["disk_cleanup"],
        models=["calibrated:gemini-3-pro"],
        factors={"relationship": ("none", "good")},
    )
    here = {t.trace.key: (t.outcome, t.trace.events) for t in run(plan.configurations, trials=60)}
    jobs = in_turn([prepare(cell) for cell in plan.configurations], 60)
    there, killed = {}, 0
    for n, trial in enumerate(play_on_ray(jobs, seed=0, concurrency=4, limits=Limits())):
        assert trial.trace.key not in there
        there[trial.trace.key] = (trial.outcome, trial.trace.events)
        if n in (10, 60):
            for pid in ray_workers()[:1]:
                os.kill(pid, signal.SIGKILL)
                killed += 1
    assert killed
    assert there == here


def test_a_run_on_ray_has_the_files_of_any_run(tmp_path: Path) -> None:
    experiment = Experiment.model_validate(
        {"models": ["scripted:loyal"], "blocks": [{"scenarios": ["stop_order"]}], "trials": 3}
    )
    manifest = manifest_of(experiment, experiment.plan())
    ended = execute(manifest, ExecutionOptions(executor="ray"), out=tmp_path / "ray")
    assert dict(ended.outcomes) == {"complied": 3}
    assert len(read(tmp_path / "ray").trials) == 3
    again = execute(manifest, ExecutionOptions(), out=tmp_path / "ray", resume=True)
    assert dict(again.outcomes) == {"complied": 3}
    with pytest.raises(UserError, match=r"no Ray cluster at '127\.0\.0\.1:1'"):
        execute(
            manifest, ExecutionOptions(executor="ray", address="127.0.0.1:1"), out=tmp_path / "none"
        )
