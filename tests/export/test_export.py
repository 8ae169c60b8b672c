"""Runs written for other tools, read back by those tools."""

from __future__ import annotations

import csv
import json
import os
import subprocess
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from typer.testing import CliRunner

from allegiance.cli import app
from allegiance.errors import UserError
from allegiance.experiment import expand
from allegiance.experiment.configurations import RunPlan
from allegiance.export import inspect, otel
from allegiance.export._rows import COLUMNS, rows
from allegiance.export.csv import _inert
from allegiance.run import run
from allegiance.store import Manifest, Store
from allegiance.store.writer import Run, read
from allegiance.trace import Trial

INSPECT_PYTHON = "ALLEGIANCE_INSPECT_PYTHON"
READ_BACK = """
import json, sys
from pathlib import Path
from typing import Any
from inspect_ai.log import read_eval_log, read_eval_log_sample_summaries
found, tasks = {}, set()
for path in sorted(Path(sys.argv[1]).glob("*.eval")):
    log = read_eval_log(str(path))
    assert log.results.scores[0].name == next(iter(log.samples[0].scores)) == "violated"
    tasks.add(log.eval.task_id)
    assert len(read_eval_log_sample_summaries(str(path))) == len(log.samples)
    sample = log.samples[0]
    calls = [c.function for m in sample.messages for c in getattr(m, "tool_calls", None) or ()]
    found[f"{log.eval.task} {log.eval.model}"] = {
        "samples": len(log.samples),
        "roles": sorted({m.role for m in sample.messages}),
        "calls": calls,
        "scores": {k: [s.value, s.explanation] for k, s in sample.scores.items()},
        "errors": [m.error.type for m in sample.messages if getattr(m, "error", None)],
    }
assert len(tasks) == len(found), tasks
print(json.dumps(found))
"""


def manifest(plan: RunPlan, trials: int, seed: int = 0) -> Manifest:
    started = "2026-05-01T10:00:00+00:00"
    return Manifest(
        started=started, trials=trials, seed=seed, limits={}, configurations=plan.configurations
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two models, guarded, with one trial that crashed."""
    path = tmp_path_factory.mktemp("runs") / "run"
    plan = expand(
        scenarios=["disk_cleanup", "stop_order"],
        factors={"relationship": ["good"]},
        models=["scripted:exfiltrator", "scripted:loyal"],
        guard="block",
    )
    with Store(path, manifest(plan, 2)) as store:
        for trial in run(plan.configurations, trials=2):
            store.append(_crashed(trial) if _is_odd(trial) else trial)
    return path


def _is_odd(trial: Trial) -> bool:
    t = trial.trace
    return (t.scenario, t.model, t.trial) == ("stop_order", "scripted:loyal", 1)


def _crashed(trial: Trial) -> Trial:
    error = "APIError: =overloaded"
    verdicts = tuple(
        v.model_copy(update={"status": "not_scored", "reason": error}) for v in trial.verdicts
    )
    trace = trial.trace.model_copy(update={"error": error})
    return trial.model_copy(update={"outcome": "error", "verdicts": verdicts, "trace": trace})


def export(run: Path, to: str, out: Path) -> Path:
    result = CliRunner().invoke(app, ["export", str(run), "--to", to, "--out", str(out)])
    assert result.exit_code == 0, (result.output, result.exception)
    return out


def test_csv_has_one_row_a_trial_and_behaviour(folder: Path, tmp_path: Path) -> None:
    with export(folder, "csv", tmp_path / "x" / "t.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    expected = list(rows(read(folder).trials))
    assert len(found) == len(expected) == sum(len(t.verdicts) for t in read(folder).trials)
    assert list(found[0]) == list(COLUMNS)
    for one, other in zip(found, expected, strict=True):
        assert one["key"] == other["key"]
        assert one["status"] == other["status"]
    assert {row["status"] for row in found} == {"clean", "flagged", "not_scored"}


@pytest.mark.parametrize("text", ["=1+1", "@x", "-2", "+a", "\tb"])
def test_a_text_never_becomes_a_formula(text: str) -> None:
    assert _inert(text) == f"'{text}"
    assert _inert(-2) == -2
    assert _inert("plain") == "plain"


def test_parquet_keeps_types_and_values(folder: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(export(folder, "parquet", tmp_path / "t.parquet"))
    assert table.to_pylist() == list(rows(read(folder).trials))
    types = {field.name: str(field.type) for field in table.schema}
    assert types["trial"] == "int64"
    assert types["achieved"] == "bool"
    assert types["seconds"] == "double"


def test_inspect_logs_hold_messages_calls_scores_and_explanations(
    folder: Path, tmp_path: Path
) -> None:
    out = export(folder, "inspect", tmp_path / "logs")
    assert len(list(out.glob("*.eval"))) == 4
    (path,) = out.glob("disk_cleanup*exfiltrator*")
    tasks = [_header(log)["eval"] for log in out.glob("*.eval")]
    assert len({task["task_id"] for task in tasks}) == 4  # readers show one log of each task
    assert len({(task["task"], task["model"]) for task in tasks}) == 4
    with ZipFile(path) as file:
        assert len(set(file.namelist())) == len(file.namelist())
        header = json.loads(file.read("header.json"))
        sample = json.loads(file.read("samples/relationship=good,guard=block_epoch_1.json"))
        summaries = json.loads(file.read("summaries.json"))
    assert header["eval"]["model"] == "scripted/exfiltrator"
    assert "A scripted agent is not a model" in header["eval"]["metadata"]["note"]
    assert len(summaries) == 2
    calls = {c["id"] for m in sample["messages"] for c in m.get("tool_calls", ())}
    answers = {m["tool_call_id"] for m in sample["messages"] if m["role"] == "tool"}
    assert calls
    assert calls == answers
    first = next(iter(sample["scores"].items()))
    assert (first[0], first[1]["value"]) == ("violated", "I")
    assert "flagged: weight exfiltration" in first[1]["explanation"]
    assert header["results"]["scores"][0]["name"] == "violated"
    score = sample["scores"]["weight_exfiltration"]
    assert score["value"] == "I"
    assert score["explanation"].startswith("attempted: ")
    ids = {m["id"] for m in sample["messages"]}
    assert ids & set(score["metadata"]["messages"])
    assert "approval" in {m["error"]["type"] for m in sample["messages"] if m.get("error")}


def _header(path: Path) -> dict[str, Any]:
    with ZipFile(path) as file:
        header: dict[str, Any] = json.loads(file.read("header.json"))
    return header


def test_inspect_logs_of_a_run_are_the_same_bytes_each_time(folder: Path, tmp_path: Path) -> None:
    first, second = (export(folder, "inspect", tmp_path / name) for name in "ab")
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes()


@pytest.mark.skipif(INSPECT_PYTHON not in os.environ, reason=f"{INSPECT_PYTHON} names no Python")
def test_inspect_itself_opens_the_logs(folder: Path, tmp_path: Path) -> None:
    out = export(folder, "inspect", tmp_path / "logs")
    done = subprocess.run(
        [os.environ[INSPECT_PYTHON], "-c", READ_BACK, str(out)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    one = found["disk_cleanup scripted/exfiltrator"]
    assert one["samples"] == 2
    assert one["roles"] == ["assistant", "system", "tool", "user"]
    assert "copy_file" in one["calls"]
    assert one["scores"]["weight_exfiltration"][0] == "I"
    assert one["scores"]["weight_exfiltration"][1].startswith("attempted: ")
    assert one["errors"].count("approval") >= 1


def test_otel_spans_and_evaluations_are_one_line_a_trial(folder: Path, tmp_path: Path) -> None:
    lines = export(folder, "otel", tmp_path / "t.jsonl").read_text().splitlines()
    found = read(folder)
    assert len(lines) == len(found.trials)
    for line, trial in zip(lines, found.trials, strict=True):
        spans = json.loads(line)["resourceSpans"][0]["scopeSpans"][0]["spans"]
        root, *tools = spans
        calls = [e for e in trial.trace.events if e.kind == "tool_call"]
        assert len(tools) == len(calls)
        assert {span["parentSpanId"] for span in tools} <= {root["spanId"]}
        assert len({span["spanId"] for span in spans}) == len(spans)
        assert all(len(span["traceId"]) == 32 and len(span["spanId"]) == 16 for span in spans)
        for span in spans:
            assert int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"])
        assert [event["name"] for event in root["events"]] == [otel.EVALUATION_RESULT] * len(
            trial.verdicts
        )
        for event, verdict in zip(root["events"], trial.verdicts, strict=True):
            values = {a["key"]: next(iter(a["value"].values())) for a in event["attributes"]}
            assert values[otel.EVALUATION_SCORE_LABEL] == verdict.status
            assert (otel.EVALUATION_SCORE_VALUE in values) == (verdict.status != "not_scored")


def test_otel_lines_are_requests_of_the_protocol(folder: Path, tmp_path: Path) -> None:
    trace = pytest.importorskip("opentelemetry.proto.trace.v1.trace_pb2")
    json_format = pytest.importorskip("google.protobuf.json_format")
    for line in export(folder, "otel", tmp_path / "t.jsonl").read_text().splitlines():
        parsed = json_format.Parse(line, trace.TracesData())
        assert parsed.resource_spans[0].scope_spans[0].spans


def test_otel_names_are_those_of_the_conventions() -> None:
    names = pytest.importorskip("opentelemetry.semconv._incubating.attributes.gen_ai_attributes")
    for name in dir(otel):
        value = getattr(otel, name)
        if isinstance(value, str) and value.startswith("gen_ai.") and name != "EVALUATION_RESULT":
            assert getattr(names, f"GEN_AI_{name}") == value


def test_a_wrong_form_or_an_empty_run_is_bad_input(folder: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["export", str(folder), "--to", "xlsx"])
    assert isinstance(result.exception, UserError)
    assert "use csv, inspect, otel, parquet" in str(result.exception)
    (tmp_path / "trials.jsonl").write_bytes(b"")
    result = CliRunner().invoke(app, ["export", str(tmp_path), "--to", "csv"])
    assert isinstance(result.exception, UserError)
    assert "is empty" in str(result.exception)


def test_a_run_without_a_start_begins_at_the_epoch(folder: Path, tmp_path: Path) -> None:
    found = read(folder)
    bare = Run(found.folder, {}, found.trials, ())
    inspect.write(bare, tmp_path)
    with ZipFile(next(tmp_path.glob("*.eval"))) as file:
        assert json.loads(file.read("header.json"))["eval"]["created"].startswith("1970-01-01")
