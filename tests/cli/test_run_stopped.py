"""Runs that are interrupted, or whose app cannot be used."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cli_calls import LOYAL, Cli

from allegiance.store.writer import TRIALS, read

COMMAND = (sys.executable, "-c", "from allegiance.cli import main; main()")


def wait_for_trials(process: subprocess.Popen[str], folder: Path, count: int) -> None:
    file = folder / TRIALS
    while not (file.exists() and file.read_bytes().count(b"\n") >= count):
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


@pytest.mark.parametrize("workers", ["0", "2"])
def test_what_has_finished_is_kept_when_a_run_is_stopped(tmp_path: Path, workers: str) -> None:
    args = ("run", "rubric_grading", *LOYAL, "--trials", "100000", "--workers", workers)
    process = subprocess.Popen(
        [*COMMAND, *args, "--out", "run"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # who runs the tests in the background has Ctrl-C ignored, and children inherit that
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        wait_for_trials(process, tmp_path / "run", 5)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the whole group
        out, err = process.communicate(timeout=600)
    finally:
        process.kill()
    assert process.returncode == 130, err
    assert "the trials that ended are kept" in err
    assert "Traceback" not in err
    assert "complied" in out
    run = read(tmp_path / "run")
    assert run.problems == ()
    assert len(run.trials) >= 5
    assert {t.outcome for t in run.trials} == {"complied"}


def test_a_target_that_cannot_be_used_stops_workers_too(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "app_spawned.py").write_text("def build(kit): return None\n")
    args = ("--app", "app_spawned:build", *LOYAL, "--workers", "1", "--out", "o")
    result = cli("run", "rubric_grading", *args)
    assert result.code == 2
    assert "build(kit) returned 'NoneType'" in result.err
