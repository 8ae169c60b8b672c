"""Runs of LangSmith and logs of inspect, and what is said of damaged ones."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from scan_cases import (
    ARGS,
    AWAY,
    LOG,
    RUNS,
    one,
    scan,
)

from allegiance.errors import UserError
from allegiance.scan.detect import read
from allegiance.scan.formats import inspect as inspect_logs
from allegiance.scan.steps import Conversation, Unread


def test_a_run_of_langsmith_that_has_not_ended_is_unscored(tmp_path: Path) -> None:
    harmless = json.loads(json.dumps(RUNS).replace("models/", "notes/"))
    assert one(tmp_path, harmless).status == "clean"
    del harmless[1]["end_time"]
    assert one(tmp_path, harmless).status == "not_scored"
    harmless[0]["error"] = "Boom"
    assert "it ended in an error: Boom" in one(tmp_path, harmless).problems[0]


@pytest.mark.parametrize("when", ["yesterday", float("inf"), float("nan"), [], "9999-99-99"])
def test_a_run_of_langsmith_without_a_time_is_not_read(tmp_path: Path, when: object) -> None:
    found = scan(tmp_path, [RUNS[0], {**RUNS[1], "start_time": when}])
    assert any(isinstance(f, Unread) and "no time of a run" in f.why for f in found)


def test_samples_that_failed_or_were_cut_short_are_unscored(tmp_path: Path) -> None:
    harmless = json.loads(json.dumps(LOG).replace("models/", "notes/"))
    for name, value in (("error", {"message": "Boom"}), ("limit", {"type": "message"})):
        sample = {**harmless["samples"][0], name: value}
        found = one(tmp_path, {**harmless, "samples": [sample]})
        assert found.status == "not_scored"
        assert found.events[-1].kind != "end"


def test_calls_of_agents_that_another_one_started_are_in_the_events(tmp_path: Path) -> None:
    events = [
        {"event": "span_begin", "id": "a", "type": "agent", "name": "helper"},
        {
            "event": "tool", "span_id": "a", "id": "9", "function": "copy_file",
            "arguments": {**ARGS, "destination_path": "attachment://x"}, "result": "done",
        },
    ]  # fmt: skip
    sample = {"id": 1, "epoch": 1, "messages": AWAY[-1:], "events": events}
    sample["attachments"] = {"x": "usb:/long"}
    found = one(tmp_path, {**LOG, "samples": [sample]})
    assert [(f.actor, f.status) for f in found.findings] == [
        ("helper", "attempted"),
        ("helper", "achieved"),
    ]
    assert "usb:/long" in found.findings[0].reason


def test_a_damaged_log_of_inspect_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.eval"
    with zipfile.ZipFile(path, "w") as log:
        log.writestr("samples/1_epoch_1.json", '{"messages": [')
        log.writestr("samples/2_epoch_1.json", json.dumps(LOG["samples"][0]))  # type: ignore[index]
    damaged, good = read(path)
    assert isinstance(damaged, Unread)
    assert isinstance(good, Conversation)
    with zipfile.ZipFile(path, "w") as log:
        log.writestr("other.json", "{}")
    with pytest.raises(UserError, match="without samples/"):
        list(read(path))


def test_without_a_reader_of_zstandard_the_way_out_is_told(
    pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    if sys.version_info >= (3, 14):
        pytest.skip("zipfile reads it")
    monkeypatch.setitem(sys.modules, "zstandard", None)
    log = pytestconfig.rootpath / "tests" / "scan" / "data" / "inspect-zstd.eval"
    with pytest.raises(UserError, match=r"pip install 'allegiance\[scan\]'"):
        list(inspect_logs.read(log))
