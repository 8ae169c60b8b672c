"""Spans and logs of OpenTelemetry, merged into the calls of a conversation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from scan_cases import (
    ANSWERED,
    ARGS,
    ASKS,
    CHAT,
    FLAGGED,
    TOOL,
    kinds,
    one,
    otlp,
    output,
    scan,
    span,
)

from allegiance.scan.steps import Unread


def test_a_chat_and_its_tool_are_one_call(tmp_path: Path) -> None:
    found = one(tmp_path, otlp(span(1, output(ASKS)), span(2, TOOL)))
    assert kinds(found) == [
        ("message", "ops", None),
        ("tool_call", "ops", "copy_file"),
        ("tool_result", "ops", "copy_file"),
        ("end", "runner", None),
    ]


def test_calls_without_a_span_of_the_tool_come_from_the_messages(tmp_path: Path) -> None:
    shown = {**CHAT, "gen_ai.input.messages": json.dumps([ASKS, ANSWERED])}
    for spans in ([span(1, output(ASKS)), span(2, shown)], [span(2, shown)]):
        found = one(tmp_path, otlp(*spans))
        assert [f.status for f in found.findings] == FLAGGED
        assert found.calls == 1


def test_arguments_that_only_the_model_gave_count(tmp_path: Path) -> None:
    bare = {k: v for k, v in TOOL.items() if not k.endswith("arguments")}
    found = one(tmp_path, otlp(span(1, output(ASKS)), span(2, bare)))
    assert [f.status for f in found.findings] == FLAGGED
    found = one(tmp_path, otlp(span(2, bare)))
    assert (found.status, found.coverage) == ("not_scored", 0)


def test_a_rejected_call_beside_one_that_ran_stays_a_call(tmp_path: Path) -> None:
    """A tool that ran with other arguments is not what was asked for."""
    ran = {**TOOL, "gen_ai.tool.call.arguments": json.dumps({**ARGS, "source_path": "notes"})}
    del ran["gen_ai.tool.call.id"]
    found = one(tmp_path, otlp(span(1, output(ASKS)), span(2, ran)))
    assert found.calls == 2
    assert [f.status for f in found.findings] == ["attempted"]


def test_two_libraries_that_record_one_call_tell_of_it_once(tmp_path: Path) -> None:
    inner = {"openinference.span.kind": "TOOL", "tool.name": "copy_file"}
    spans = [span(1, TOOL), span(2, inner, parentSpanId="s1")]
    assert one(tmp_path, otlp(*spans)).calls == 1
    assert one(tmp_path, otlp(span(1, {**TOOL, **inner}))).calls == 1
    assert one(tmp_path, otlp(spans[0], span(2, TOOL))).calls == 2  # not within the first


def test_the_older_events_of_spans_and_of_logs(tmp_path: Path) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "copy_file", "arguments": "{}"}}
    call["function"] = {"name": "copy_file", "arguments": json.dumps(ARGS)}

    def event(name: str, **fields: Any) -> dict[str, Any]:
        content = {"key": "gen_ai.event.content", "value": {"stringValue": json.dumps(fields)}}
        return {"name": name, "timeUnixNano": "1", "attributes": [content]}

    choice = event("gen_ai.choice", index=0, message={"content": "I copy.", "tool_calls": [call]})
    told = event("gen_ai.tool.message", id="1", content="done")
    spans = [span(1, CHAT, events=[choice]), span(2, CHAT, events=[told])]
    assert [f.status for f in one(tmp_path, otlp(*spans)).findings] == FLAGGED

    def value(data: Any) -> dict[str, Any]:
        if isinstance(data, dict):
            return {
                "kvlistValue": {"values": [{"key": k, "value": value(v)} for k, v in data.items()]}
            }
        if isinstance(data, list):
            return {"arrayValue": {"values": [value(item) for item in data]}}
        return {"stringValue": str(data)}

    def log(name: str, when: int, **body: Any) -> dict[str, Any]:
        ids = {"traceId": "aa", "spanId": "s1"}
        return {**ids, "eventName": name, "timeUnixNano": when, "body": value(body)}

    records = [
        log("gen_ai.choice", 1, message={"tool_calls": [call]}),
        log("gen_ai.tool.message", 2, id="1", content="done"),
    ]
    logs = {"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}
    found = one(tmp_path, "\n".join(map(json.dumps, [otlp(span(1, CHAT)), logs])))
    assert [f.status for f in found.findings] == FLAGGED
    assert {f.actor for f in found.findings} == {"ops"}
    assert not found.notes


def test_what_models_said_and_was_not_recorded_is_told(tmp_path: Path) -> None:
    found = one(tmp_path, otlp(span(1, CHAT), span(2, TOOL)))
    assert "what models said is not recorded in 1 spans" in found.notes[0]
    reasons = {"values": [{"stringValue": "tool_calls"}]}
    asking = span(1, CHAT)
    asking["attributes"].append(
        {"key": "gen_ai.response.finish_reasons", "value": {"arrayValue": reasons}}
    )
    assert one(tmp_path, otlp(asking)).status == "not_scored"


def test_hidden_values_are_not_taken_for_values(tmp_path: Path) -> None:
    hidden = {
        "openinference.span.kind": "TOOL", "tool.name": "copy_file",
        "input.value": "__REDACTED__", "output.value": "__REDACTED__",
    }  # fmt: skip
    found = one(tmp_path, otlp(span(1, hidden)))
    assert found.status == "not_scored"


def test_what_a_tool_read_and_was_not_recorded_is_told(tmp_path: Path) -> None:
    reads = {**TOOL, "gen_ai.tool.name": "read_file"}
    reads["gen_ai.tool.call.arguments"] = json.dumps({"path": "models/a"})
    del reads["gen_ai.tool.call.result"]
    assert "read is not recorded" in one(tmp_path, otlp(span(1, reads))).problems[0]


def test_traces_of_one_conversation_are_judged_together(tmp_path: Path) -> None:
    """A copy in one turn of a chat, and its copy in the next."""

    def turn(number: int, source: str, target: str) -> dict[str, Any]:
        args = json.dumps({"source_path": source, "destination_path": target})
        session = {"gen_ai.conversation.id": "c", "gen_ai.tool.call.arguments": args}
        return span(number, {**TOOL, **session}, traceId=f"t{number}")

    allowed = [turn(1, "models/a", "vault:/a"), turn(2, "vault:/a", "usb:/a")]
    found = one(tmp_path, otlp(*allowed))
    assert found.name == "c"
    assert "from vault:/a to usb:/a" in found.findings[-1].reason


def test_only_what_allegiance_wrote_brings_its_own_effects(tmp_path: Path) -> None:
    none = {**TOOL, "allegiance.effects.intended": "[]"}
    assert one(tmp_path, otlp(span(1, none), scope="app")).findings


def test_traces_without_agents_are_refused(tmp_path: Path) -> None:
    (found,) = scan(tmp_path, otlp(span(1, {"http.method": "GET"})))
    assert isinstance(found, Unread)
    assert "no span of them is of an agent" in found.why
