"""Runs that different versions judged are not mixed; judging again makes them alike."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from allegiance.analysis import tally_duckdb
from allegiance.cli import app
from allegiance.errors import UserError
from allegiance.store.writer import MANIFEST, TRIALS, read

PLAN = ["run", "disk_cleanup", "--model", "scripted:exfiltrator", "--trials", "4"]
OLD = "0123456789abcdef"


def invoke(*args: object) -> str:
    done = CliRunner().invoke(app, [str(a) for a in args])
    assert done.exception is None, f"{done.exception!r} {done.output}"
    return " ".join(done.output.split())


def refusal(*args: object) -> str:
    done = CliRunner().invoke(app, [str(a) for a in args])
    assert isinstance(done.exception, UserError), done.output  # the command line exits with 2
    return str(done.exception)


def rewrite(folder: Path, change: Callable[[int, dict[str, Any]], None]) -> None:
    lines = (folder / TRIALS).read_text().splitlines()
    trials = [json.loads(line) for line in lines]
    for number, trial in enumerate(trials):
        change(number, trial)
    (folder / TRIALS).write_text("".join(json.dumps(trial) + "\n" for trial in trials))


def judge_by(folder: Path, version: str, only: Sequence[int] = range(100)) -> Path:
    """Make a run say that another version judged it; an empty one makes it older."""

    def change(number: int, trial: dict[str, Any]) -> None:
        if number in only:
            trial["judged_by"] = version
            if not version:
                del trial["judged_by"]

    rewrite(folder, change)
    plan = json.loads((folder / MANIFEST).read_text())
    plan["judged_by"]["statements"] = version
    if not version:
        del plan["judged_by"]
    (folder / MANIFEST).write_text(json.dumps(plan))
    return folder


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    invoke(*PLAN, "--out", folder / "new")
    for name, pattern in (("graph", "langgraph:supervisor"), ("swarm", "langgraph:swarm")):
        invoke(*PLAN, "--adapter", pattern, "--out", folder / name)
    for part in (1, 2):
        invoke(*PLAN, "--shard", f"{part}/2", "--out", folder / f"shard{part}")
    return folder


@pytest.fixture
def runs(played: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(played, tmp_path / "runs"))


def test_a_run_says_what_judges_it(runs: Path) -> None:
    run = read(runs / "new")
    (version,) = {trial.judged_by for trial in run.trials}
    assert len(version) == 16
    parts = run.manifest["judged_by"]
    assert {"statements", "probe", "scenarios.disk_cleanup", "probes.weight_exfiltration"} <= {
        *parts
    }


@pytest.mark.parametrize("by", ["line", "duckdb"])
@pytest.mark.parametrize("command", ["compare", "contrast"])
def test_runs_of_two_versions_are_not_compared(
    runs: Path, command: str, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if by == "duckdb":
        monkeypatch.setattr(tally_duckdb, "SMALL", 1)
    assert "Difference of rates" in invoke("compare", runs / "graph", runs / "swarm")
    judge_by(runs / "swarm", OLD)
    message = refusal(command, runs / "graph", runs / "swarm")
    (now,) = {trial.judged_by for trial in read(runs / "graph").trials}
    assert (
        f"were judged by version {now} and by version {OLD} (they differ in statements)" in message
    )
    assert "`allegiance rescore RUN --out FOLDER`" in message


@pytest.mark.parametrize("both", [False, True])
def test_an_older_run_is_named_so(runs: Path, both: bool) -> None:
    judge_by(runs / "swarm", "")
    if both:
        judge_by(runs / "graph", "")
    message = refusal("compare", runs / "graph", runs / "swarm")
    assert "an older version that did not record itself" in message
    assert "allegiance rescore" in message


def test_an_older_run_is_shown_and_gated_alone(runs: Path) -> None:
    judge_by(runs / "new", "")
    assert "weight exfiltration" in invoke("show", runs / "new")
    assert CliRunner().invoke(app, ["gate", str(runs / "new")]).exit_code == 1


def test_the_gate_refuses_a_baseline_of_another_version(runs: Path) -> None:
    old = judge_by(Path(shutil.copytree(runs / "new", runs / "old")), OLD)
    message = refusal("gate", runs / "new", "--baseline", old)
    assert f"version {OLD}" in message
    invoke("rescore", old, "--out", runs / "again")
    done = CliRunner().invoke(app, ["gate", str(runs / "new"), "--baseline", str(runs / "again")])
    assert done.exit_code in (1, 3), done.output


@pytest.mark.parametrize("version", [OLD, ""])
def test_the_gate_refuses_a_run_that_mixes_versions(runs: Path, version: str) -> None:
    judge_by(runs / "new", version, only=[2])
    message = refusal("gate", runs / "new")
    assert "mixes trials of 'disk_cleanup'" in message
    assert f"allegiance rescore {runs / 'new'} --out FOLDER" in message


@pytest.mark.parametrize("version", [OLD, ""])
def test_shards_of_two_versions_are_not_merged(runs: Path, version: str) -> None:
    judge_by(runs / "shard2", version)
    message = refusal("merge", runs / "shard1", runs / "shard2", "--out", runs / "merged")
    assert "were judged by" in message
    assert not (runs / "merged").exists()
    invoke("rescore", runs / "shard2", "--out", runs / "again")
    invoke("merge", runs / "shard1", runs / "again", "--out", runs / "merged")
    assert len(read(runs / "merged").trials) == 4


@pytest.mark.parametrize(
    ("version", "said"),
    [
        (OLD, f"judged by version {OLD}"),
        ("", "judged by an older version that did not record itself"),
    ],
)
def test_a_run_of_another_version_is_judged_again_before_it_goes_on(
    runs: Path, version: str, said: str
) -> None:
    folder = runs / "new"
    whole = {t.trace.key: t.outcome for t in read(folder).trials}
    lines = (folder / TRIALS).read_text().splitlines(keepends=True)
    (folder / TRIALS).write_text("".join(lines[:2]))
    before = judge_by(folder, version) / TRIALS
    stored = before.read_bytes()
    message = refusal("run", "--resume", folder)
    assert "cannot continue this run" in message
    assert said in message
    assert ("(they differ in statements)" in message) == bool(version)
    assert f"allegiance rescore {folder} --out FOLDER" in message
    assert before.read_bytes() == stored
    output = invoke("rescore", folder, "--out", runs / "again")
    (now,) = {trial.judged_by for trial in read(runs / "again").trials}
    assert f"disk_cleanup: {said} before, now by version {now}" in output
    invoke("run", "--resume", runs / "again")
    assert {t.trace.key: t.outcome for t in read(runs / "again").trials} == whole
    assert {trial.judged_by for trial in read(runs / "again").trials} == {now}


def test_judging_again_counts_what_has_changed(runs: Path) -> None:
    assert "the outcome of 0 has changed, and the status of 0 verdicts" in invoke(
        "rescore", runs / "new", "--out", runs / "same"
    )

    def clean(number: int, trial: dict[str, Any]) -> None:
        if number < 3:
            trial["outcome"] = "complied"
        for verdict in trial["verdicts"]:
            if verdict["probe"] == "weight_exfiltration":
                verdict |= {"status": "clean", "findings": []}

    rewrite(judge_by(runs / "new", OLD), clean)
    output = invoke("rescore", runs / "new", "--out", runs / "again")
    assert "4 trials" in output
    assert "the outcome of 3 has changed, and the status of 4 verdicts" in output
    assert "changed since: statements" in output


def test_a_copy_of_a_run_keeps_the_credentials_out_of_its_endpoint(runs: Path) -> None:
    path = runs / "new" / MANIFEST
    plan = json.loads(path.read_text())
    endpoint = "http://[redacted]@localhost:1/v1"
    for configuration in plan["configurations"]:
        configuration["base_url"] = endpoint
    path.write_text(json.dumps(plan))
    invoke("rescore", runs / "new", "--out", runs / "again")
    again = json.loads((runs / "again" / MANIFEST).read_text())
    assert [c["base_url"] for c in again["configurations"]] == [endpoint]
    assert "add --base-url again" in refusal("run", "--resume", runs / "again")
