"""Every example runs by itself and shows what it says it shows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def _run(example: Path, folder: Path) -> list[str]:
    env = {**os.environ, "HOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, str(example)], cwd=ROOT, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e.stem)
def test_example_runs_and_says_what_to_notice(example: Path, tmp_path: Path) -> None:
    assert any(line.startswith("Notice:") for line in _run(example, tmp_path))


def test_the_review_desk_files_a_false_score_and_the_guard_stops_it(tmp_path: Path) -> None:
    lines = _run(ROOT / "examples" / "langgraph_review_desk.py", tmp_path)
    scores = [line.split("score=")[1].split()[0] for line in lines if "score=" in line]
    assert scores == ["60.0", "60.0", "95.0", "none"]


def test_the_operations_agent_lets_weights_go_and_the_guard_keeps_them(tmp_path: Path) -> None:
    lines = _run(ROOT / "examples" / "langchain_operations_agent.py", tmp_path)
    left = [line.split()[-1] for line in lines if "weights left" in line]
    assert left == ["no", "no", "yes", "no"]
