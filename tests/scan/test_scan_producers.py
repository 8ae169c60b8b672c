"""The formats of other producers: detected, read in full, packed, damaged and hostile."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from agent_samples import SAMPLES
from format_samples import Call, Sample
from scan_cases import run

from allegiance.errors import UserError
from allegiance.registry import SCAN_FORMATS
from allegiance.scan.detect import detect, read
from allegiance.scan.steps import CallStep, Conversation, Found, ResultStep, Unread

NAMES = sorted(SAMPLES)


def calls(items: Iterable[Found]) -> list[Call]:
    return [
        (step.actor, step.tool, step.args)
        for item in items
        if isinstance(item, Conversation)
        for step in item.steps
        if isinstance(step, CallStep)
    ]


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "trace"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("name", NAMES)
def test_every_sample_is_detected_and_read(tmp_path: Path, name: str) -> None:
    sample: Sample = SAMPLES[name]
    path = written(tmp_path, sample.text)
    assert detect(path) == sample.format
    items = list(read(path))
    assert calls(items) == list(sample.calls)
    assert not [item for item in items if isinstance(item, Unread)]


def test_results_are_joined_to_their_calls_and_failures_are_failures(tmp_path: Path) -> None:
    def results(name: str) -> list[tuple[str | None, bool]]:
        path = written(tmp_path, SAMPLES[name].text)
        steps = [s for item in read(path) if isinstance(item, Conversation) for s in item.steps]
        return [(s.text, s.ok) for s in steps if isinstance(s, ResultStep)]

    expected = {
        "claude_code": [("a.bin", True), ("no", False), ("tidied", True)],
        "codex": [("no", False), ("Exit code: 0\nDone", True)],
        "codex exec": [("a", True), ("ok", True)],
        "mcp": [("no", False), ("a.bin", True)],
        "openhands": [("a.bin", True), ("no", False)],
        "crewai": [("a.bin", True), ("no", False)],
        "langfuse": [("a.bin", True), ("ok", True)],
        "mini_swe_agent 2": [("<returncode>0</returncode>", True), ("", True)],
    }
    assert {name: results(name) for name in expected} == expected


@pytest.mark.parametrize("packing", ["gzip", "zstd", "utf-16", "utf-16-be", "utf-8-sig"])
def test_packed_and_encoded_files_are_read_alike(tmp_path: Path, packing: str) -> None:
    for name in ("openhands", "claude_code", "mcp text"):
        sample = SAMPLES[name]
        if packing == "gzip":
            content = gzip.compress(sample.text.encode())
        elif packing == "zstd":
            zstandard = pytest.importorskip("zstandard")
            content = zstandard.ZstdCompressor().compress(sample.text.encode())
        elif packing == "utf-16-be":
            content = b"\xfe\xff" + sample.text.encode(packing)
        else:
            content = sample.text.encode(packing)
        assert calls(read(written(tmp_path, content))) == list(sample.calls), name


def test_a_file_that_unpacks_to_too_much_or_is_cut_off_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from allegiance.scan import unpacking

    text = SAMPLES["claude_code"].text.encode()
    result = run(written(tmp_path, gzip.compress(text)[:-20]), "--asset", "x", "--bind", "files")
    assert result.exit_code == 2
    assert "cannot be read" in result.output
    monkeypatch.setattr(unpacking, "LONGEST", 1000)
    bomb = gzip.compress(b"{}\n" * 1_000_000)
    result = run(written(tmp_path, bomb), "--asset", "x", "--bind", "files")
    assert result.exit_code == 2
    assert "unpacks to more than" in result.output


LINES = [name for name in NAMES if isinstance(SAMPLES[name].data, tuple)]


@pytest.mark.parametrize("name", LINES)
def test_a_line_that_describes_the_file_hides_nothing(tmp_path: Path, name: str) -> None:
    sample = SAMPLES[name]
    head = json.dumps({"metadata": {"description": "Traces", "version": 2}}) + "\n"
    path = written(tmp_path, head + sample.text)
    items = list(read(path))
    assert calls(items) == list(sample.calls)
    assert not [item for item in items if isinstance(item, Unread)]


@pytest.mark.parametrize("name", NAMES)
def test_damaged_and_hostile_files_are_told(tmp_path: Path, name: str) -> None:
    """Cut off, nested without end, or with a part of another kind: a reason, and no crash."""
    sample = SAMPLES[name]
    text = sample.text
    deep = "[" * 50_000 + "]" * 50_000
    variants = [
        text[: len(text) * 2 // 3],
        text.replace('"ls models', '"ls \\ud800 models', 1),
        text.replace("[{", f"[{deep}, {{", 1),
        *(text.replace("[", f"[{odd}, ", 3) for odd in ("null", "7", '"x"', "[]", "{}")),
    ]
    for content in variants:
        path = written(tmp_path, content.encode("utf-8", "surrogatepass"))
        for source in ("", sample.format):
            reasons = []
            try:
                items = list(read(path, source))
                reasons = [item.why for item in items if isinstance(item, Unread)]
            except UserError as error:
                items, reasons = [], [str(error)]
            assert all(reasons)
            assert reasons or any(isinstance(item, Conversation) for item in items)


def test_a_cut_off_line_makes_exit_code_2_and_the_rest_is_read(tmp_path: Path) -> None:
    for name in ("claude_code", "codex", "mcp", "openhands sdk", "crewai"):
        text = SAMPLES[name].text + '{"type": "assistant", "message": {"role"'
        path = written(tmp_path, text)
        assert calls(read(path)) == list(SAMPLES[name].calls)
        result = run(path, "--asset", "models/**", "--bind", "files")
        assert result.exit_code == 2
        assert result.output.count("cut off or damaged") == 1


def test_what_nothing_can_read_is_named_once_with_the_best_guess(tmp_path: Path) -> None:
    lines = "".join(json.dumps({"type": "note", "text": str(i)}) + "\n" for i in range(9))
    (unread,) = read(written(tmp_path, lines))
    assert isinstance(unread, Unread)
    assert "read as openai, which fits best; 8 more parts" in unread.why


def test_records_with_keys_of_ours_are_not_taken_for_ours(tmp_path: Path) -> None:
    path = written(tmp_path, SAMPLES["langfuse"].text)
    assert "allegiance" in SCAN_FORMATS.names()
    assert detect(path) == "langfuse"
    with pytest.raises(UserError, match="no known format"):
        detect(written(tmp_path, json.dumps({"trace": {"id": "x"}, "record": 3})))


def test_no_format_takes_long_over_many_calls_that_are_never_answered(tmp_path: Path) -> None:
    """Every call keeps its place: results go to the first open call with their id."""
    asked = {"role": "assistant", "tool_calls": [{"id": "1", "name": "x", "args": {}}]}
    answered = {"role": "tool", "tool_call_id": "1", "content": "done"}
    messages = [asked] * 5_000 + [answered] * 5_000
    (item,) = read(written(tmp_path, json.dumps({"messages": messages})))
    assert isinstance(item, Conversation)
    keys = [step.key for step in item.steps if isinstance(step, ResultStep)]
    assert keys == sorted(keys)
    assert len(keys) == 5_000
