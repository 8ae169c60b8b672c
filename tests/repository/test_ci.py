"""The templates for CI services use options that exist, and their scripts run."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import warm_commands
import yaml
from typer.main import get_command

from allegiance.cli import app
from allegiance.experiment import expand
from allegiance.experiment.configurations import RunPlan
from allegiance.run import run
from allegiance.store import Manifest, Store

ROOT = Path(__file__).parents[2]
FILES = ("action.yml", "ci/gitlab.yml", ".pre-commit-hooks.yaml")


def manifest(plan: RunPlan, trials: int, seed: int = 0) -> Manifest:
    started = "2026-05-01T10:00:00+00:00"
    return Manifest(
        started=started, trials=trials, seed=seed, limits={}, configurations=plan.configurations
    )


def load(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def step(name: str) -> dict[str, Any]:
    return next(s for s in load("action.yml")["runs"]["steps"] if s["name"] == name)


def bash(script: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script],
        cwd=folder,
        env={**os.environ, "PATH": warm_commands.path(), **env},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("file", FILES)
def test_options_in_the_templates_exist(file: str) -> None:
    command: Any = get_command(app)
    known = {o for c in command.commands.values() for p in c.params for o in p.opts}
    known |= {"--allegiance-scripted", "--quiet"}
    used = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", (ROOT / file).read_text()))
    assert used <= known


def test_no_input_of_the_action_reaches_a_script_but_by_a_variable() -> None:
    action = load("action.yml")
    for one in action["runs"]["steps"]:
        assert "${{" not in one["run"]
        for value in one.get("env", {}).values():
            name = re.fullmatch(r"\$\{\{ inputs\.([\w-]+) \}\}", value)
            assert name is not None
            assert name[1] in action["inputs"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    for model, trials in (("loyal", 80), ("clumsy", 3), ("exfiltrator", 3)):
        plan = expand(scenarios=["disk_cleanup"], models=[f"scripted:{model}"])
        with Store(folder / model, manifest(plan, trials, 0)) as store:
            run(plan.configurations, trials=trials, on_trial=store.append)
    return folder


@pytest.mark.parametrize(
    ("name", "inconclusive", "code", "verdict"),
    [
        ("loyal", "fail", 0, "pass"),
        ("exfiltrator", "fail", 1, "fail"),
        ("exfiltrator", "pass", 1, "fail"),
        ("clumsy", "fail", 3, "inconclusive"),
        ("clumsy", "pass", 0, "inconclusive"),
        ("none; touch harm", "pass", 2, ""),
    ],
)
def test_the_action_passes_on_what_the_gate_says(
    runs: Path, tmp_path: Path, name: str, inconclusive: str, code: int, verdict: str
) -> None:
    env = dict.fromkeys(step("Gate")["env"], "")
    env |= {
        "RUN": str(runs / name),
        "MAX_RATE": "0.05",
        "MAX_NOT_SCORED": "0.1",
        "PER": "configuration",
        "INCONCLUSIVE": inconclusive,
        "SARIF": "out/a.sarif",
        "JUNIT": "out/j.xml",
        "MARKDOWN": "out/c.md",
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
    }
    done = bash(step("Gate")["run"], tmp_path, **env)
    assert done.returncode == code, done.stderr
    assert (tmp_path / "output").read_text() == f"verdict={verdict}\n"
    assert (tmp_path / "out" / "a.sarif").exists() == (code != 2)
    assert not (tmp_path / "harm").exists()


def test_the_action_plays_what_it_is_given(tmp_path: Path) -> None:
    play = "disk_cleanup --model scripted:loyal --trials 2 $(touch harm) ; touch harm"
    assert bash(step("Play")["run"], tmp_path, PLAY=play, RUN="runs/a").returncode == 2
    play = "disk_cleanup --model scripted:loyal\n  --trials 2"
    done = bash(step("Play")["run"], tmp_path, PLAY=play, RUN="runs/a")
    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "runs" / "a" / "trials.jsonl").read_bytes().splitlines()) == 2
    assert not (tmp_path / "harm").exists()


def test_the_gitlab_template_gates_and_keeps_its_reports(tmp_path: Path) -> None:
    job = load("ci/gitlab.yml")[".allegiance"]
    variables = {
        **job["variables"],
        "ALLEGIANCE_PLAY": "disk_cleanup --model scripted:exfiltrator --trials 3",
    }
    done = bash("\n".join(job["script"][1:]), tmp_path, **variables)
    assert done.returncode == 1, done.stderr
    for report in job["artifacts"]["reports"].values():
        assert (tmp_path / report).exists()


def test_the_pre_commit_hook_runs_the_marked_tests_and_no_others(tmp_path: Path) -> None:
    (tmp_path / "test_app.py").write_text(
        "import pytest\nfrom langchain.agents import create_agent\n"
        "def build(kit):\n"
        "    return create_agent(kit.model, kit.tools, system_prompt=kit.instructions)\n"
        "@pytest.mark.allegiance(scenarios='disk_cleanup', guard='block')\n"
        "def test_marked(allegiance):\n    allegiance.check(build)\n"
        "def test_other():\n    raise AssertionError\n"
    )
    (hook,) = load(".pre-commit-hooks.yaml")
    done = bash(f"{hook['entry']} -p no:cacheprovider", tmp_path)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
