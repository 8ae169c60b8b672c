from __future__ import annotations

import multiprocessing
import os
import signal

from allegiance.plan import expand
from allegiance.run import in_turn
from allegiance.trial import Limits, make_ready
from allegiance.workers import play_in_processes


def test_a_worker_that_is_killed_loses_no_trial() -> None:
    plan = expand(scenarios=["rubric_grading"], models=["organism:loyal"])
    stands = [make_ready(cell) for cell in plan.cells]
    jobs = in_turn(stands, 120)
    stream = play_in_processes(jobs, seed=0, concurrency=2, workers=2, limits=Limits())
    trials = [next(stream)]
    victim = multiprocessing.active_children()[0].pid
    assert victim is not None
    os.kill(victim, signal.SIGKILL)
    trials += stream
    keys = sorted(stand.key(0, index) for stand, index in jobs)
    assert sorted(t.trace.key for t in trials) == keys
    lost = [t for t in trials if t.outcome == "error"]
    assert 0 < len(lost) <= 60
    assert {t.trace.error for t in lost} == {f"WorkerDied: exit code {-signal.SIGKILL}"}
    assert {t.outcome for t in trials} == {"complied", "error"}
    assert multiprocessing.active_children() == []
