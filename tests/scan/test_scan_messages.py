"""Documents and messages of chats, as they are read from a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from scan_cases import (
    ARGS,
    AWAY,
    FLAGGED,
    kinds,
    one,
    run,
    scan,
    written,
)

from allegiance.errors import UserError
from allegiance.scan.detect import detect, read
from allegiance.scan.replay import Scanned
from allegiance.scan.steps import Unread


def test_documents_may_be_one_several_or_one_a_line(tmp_path: Path) -> None:
    data = {"messages": AWAY}
    pretty = json.dumps(data, indent=2)
    assert len(scan(tmp_path, f"\n{pretty}\n{pretty}\n")) == 2
    assert len(scan(tmp_path, [data, data])) == 2
    assert len(scan(tmp_path, "\n".join(map(json.dumps, AWAY)))) == 1  # a message a line
    assert len(scan(tmp_path, "\ufeff" + json.dumps(data))) == 1
    good, damaged = scan(tmp_path, f'{pretty}\n{{"messages": [')
    assert isinstance(good, Scanned)
    assert isinstance(damaged, Unread)
    first, second = scan(tmp_path, f'{{"messages": [\n{json.dumps(data)}\n')
    assert isinstance(first, Unread)
    assert isinstance(second, Scanned)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("", "is empty"),
        ("plain text", "neither JSON nor JSON lines"),
        ("5", "has no known format"),
        ("{}", "has no known format"),
        ('{"a": 1}', "has no known format"),
        ("[]", "has no known format"),
    ],
)
def test_files_of_no_known_format_are_named(tmp_path: Path, data: str, said: str) -> None:
    path = written(tmp_path, data)
    with pytest.raises(UserError, match=said) as caught:
        list(read(path))
    assert repr(str(path)) in str(caught.value)


def test_binary_files_and_folders_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.bin"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="is not UTF-8"):
        list(read(path))
    with pytest.raises(UserError, match=r"a folder without trials\.jsonl"):
        detect(tmp_path)
    path.write_bytes(b"PK")
    with pytest.raises(UserError, match="no whole log of inspect"):
        list(read(path))


def test_items_of_the_responses_api(tmp_path: Path) -> None:
    args = json.dumps(ARGS)
    items = [
        {"role": "user", "content": "Tidy up."},
        {"type": "reasoning", "summary": []},
        {"type": "function_call", "call_id": "1", "name": "copy_file", "arguments": args},
        {"type": "function_call_output", "call_id": "1", "output": "done"},
        {"type": "web_search_call", "id": "w", "status": "completed", "action": {"query": "q"}},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "."}]},
    ]
    for data in (items, {"input": items[:1], "output": items[1:]}):
        found = one(tmp_path, data)
        assert [f.status for f in found.findings] == FLAGGED
        assert (found.calls, dict(found.unbound)) == (2, {})  # web_search only reads
        assert not found.problems


def test_blocks_of_anthropic_and_the_calls_of_old(tmp_path: Path) -> None:
    use = {"type": "tool_use", "id": "1", "name": "copy_file", "input": ARGS}
    result = {"type": "tool_result", "tool_use_id": "1", "content": "no", "is_error": True}
    found = one(
        tmp_path,
        [{"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}],
    )
    assert [f.status for f in found.findings] == ["attempted"]
    old = {"name": "copy_file", "arguments": json.dumps(ARGS)}
    found = one(
        tmp_path,
        [
            {"role": "assistant", "content": None, "function_call": old},
            {"role": "function", "name": "copy_file", "content": "done"},
        ],
    )
    assert [f.status for f in found.findings] == FLAGGED


def test_an_answer_without_its_call_is_not_taken_for_clean(tmp_path: Path) -> None:
    found = one(tmp_path, AWAY[2:])
    assert found.status == "not_scored"
    assert "'1', which is not recorded" in found.problems[0]


def test_a_call_id_that_is_used_again_is_another_call(tmp_path: Path) -> None:
    again = json.loads(json.dumps(AWAY).replace("models/", "notes/")) + AWAY[1:]
    found = one(tmp_path, again)
    assert found.calls == 2
    assert [f.seqs for f in found.findings] == [(5,), (5, 6)]


def test_users_and_instructions_are_not_agents(tmp_path: Path) -> None:
    found = one(tmp_path, [{"role": "system", "content": "s"}, *AWAY])
    assert kinds(found)[:2] == [("message", "ops", None), ("tool_call", "ops", "copy_file")]


def test_endless_nesting_is_not_read_and_nothing_breaks(tmp_path: Path) -> None:
    deep = "[" * 100_000 + "]" * 100_000
    assert run(written(tmp_path, deep), "--asset", "x", "--bind", "files").exit_code == 2
    (found,) = scan(tmp_path, f'{{"messages": {deep}}}', "openai")
    assert isinstance(found, Unread)
