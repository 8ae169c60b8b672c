"""Whatever a file holds, it is read or refused."""

from __future__ import annotations

import contextlib
import copy
import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from scan_cases import (
    ASKS,
    AWAY,
    TOOL,
    VALID,
    one,
    otlp,
    output,
    scan,
    span,
)

from allegiance.errors import UserError
from allegiance.registry import SCAN_FORMATS
from allegiance.scan.replay import Scanned
from allegiance.scan.steps import Unread


def nodes(data: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [at] if at else []
    if isinstance(data, (dict, list)):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            found += nodes(value, (*at, key))
    return found


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
NAMES = st.sampled_from(
    sorted(
        {key for data in VALID.values() for way in nodes(data) for key in way if key == str(key)}
    )
)
JSON = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(NAMES | st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(data=JSON, source=st.sampled_from(["", *SCAN_FORMATS.names()]))
def test_any_json_is_read_or_refused(tmp_path: Path, data: Any, source: str) -> None:
    with contextlib.suppress(UserError):
        for found in scan(tmp_path, json.dumps(data), source):
            assert isinstance(found, (Scanned, Unread))


CHATTY = otlp(
    span(1, {**output(ASKS)}),
    span(2, {**TOOL, "openinference.span.kind": "TOOL"}),
    span(3, {"openinference.span.kind": "LLM", "llm.output_messages.0.message.role": "assistant"}),
)
WHOLE = {**VALID, "chatty": CHATTY}


@given(name=st.sampled_from(sorted(WHOLE)), data=st.data())
def test_one_thing_that_is_wrong_in_a_file_is_read_or_told(
    tmp_path: Path, name: str, data: st.DataObject
) -> None:
    """A part of a good file is replaced, renamed or dropped: no crash, and never nothing."""
    document = copy.deepcopy(WHOLE[name])
    *way, last = data.draw(st.sampled_from(nodes(document)))
    inner = document
    for key in way:
        inner = inner[key]
    if data.draw(st.booleans()):
        inner[last] = data.draw(JSON)
    else:
        del inner[last]
    with contextlib.suppress(UserError):
        found = scan(tmp_path, document, "otel" if name == "chatty" else name)
        assert all(isinstance(f, (Scanned, Unread)) for f in found)


@given(
    messages=st.lists(st.sampled_from([0, 1, 2, 3]).map(lambda i: AWAY[i]), min_size=1, max_size=8)
)
def test_no_call_of_a_chat_is_lost_or_taken_for_two(
    tmp_path: Path, messages: list[dict[str, Any]]
) -> None:
    found = one(tmp_path, {"messages": messages})
    asked = messages.count(AWAY[1])
    assert found.calls == asked
    answered = [e for e in found.events if e.kind == "tool_result"]
    left = sum("which is not recorded" in p for p in found.problems)
    assert len(answered) + left == messages.count(AWAY[2])
    assert bool(found.findings) == bool(asked)
