"""OpenTelemetry spans in OTLP JSON, one line for each trial.

A trial is an ``invoke_agent`` span with an ``execute_tool`` span for each call, and one
``gen_ai.evaluation.result`` event for each verdict. Events of a trace have an order and no clock:
the times are spread evenly over the trial's duration, from the start of the run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from allegiance.export._started import started
from allegiance.probe.flags import critic_findings, critic_status, flagged
from allegiance.store.replacement import replace_file
from allegiance.store.writer import Run
from allegiance.trace.digest import digest
from allegiance.trace.events import CRITIC, Event, Verdict
from allegiance.trace.trials import Trial

DEFAULT = "trials.otlp.jsonl"

# Names of the semantic conventions for generative AI, copied since their package is a beta.
OPERATION_NAME = "gen_ai.operation.name"
PROVIDER_NAME = "gen_ai.provider.name"
REQUEST_MODEL = "gen_ai.request.model"
REQUEST_SEED = "gen_ai.request.seed"
AGENT_NAME = "gen_ai.agent.name"
CONVERSATION_ID = "gen_ai.conversation.id"
USAGE_INPUT_TOKENS = "gen_ai.usage.input_tokens"
USAGE_OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
TOOL_NAME = "gen_ai.tool.name"
TOOL_CALL_ID = "gen_ai.tool.call.id"
TOOL_CALL_ARGUMENTS = "gen_ai.tool.call.arguments"
TOOL_CALL_RESULT = "gen_ai.tool.call.result"
EVALUATION_RESULT = "gen_ai.evaluation.result"
EVALUATION_NAME = "gen_ai.evaluation.name"
EVALUATION_SCORE_VALUE = "gen_ai.evaluation.score.value"
EVALUATION_SCORE_LABEL = "gen_ai.evaluation.score.label"
EVALUATION_EXPLANATION = "gen_ai.evaluation.explanation"
ERROR_TYPE = "error.type"

INTERNAL, ERROR = 1, 2
Json = dict[str, Any]


def write(run: Run, path: Path) -> Path:
    """Write a run to a file of OTLP JSON lines and return its path."""
    begin = int(started(run).timestamp() * 1e9)
    with replace_file(path) as draft, draft.open("w", encoding="utf-8") as file:
        for trial in run.trials:
            file.write(json.dumps(document(trial, begin)) + "\n")
    return path


def document(trial: Trial, begin: int) -> Json:
    """Return one trial as an export request.

    Args:
        trial: The trial.
        begin: The start of the trial, in nanoseconds since the epoch.
    """
    from importlib.metadata import version

    scope = {"name": "allegiance", "version": version("allegiance")}
    resource = {"service.name": "allegiance", "allegiance.clock": "synthetic"}
    spans = list(_spans(trial, begin))
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": _attributes(resource)},
                "scopeSpans": [{"scope": scope, "spans": spans}],
            }
        ]
    }


def _spans(trial: Trial, begin: int) -> Iterator[Json]:
    trace = trial.trace
    step = int(trial.seconds * 1e9) // max(1, len(trace.events))
    ids = {"traceId": digest([trace.key, "trace"]) + digest([trace.key, "id"])}
    root = digest([trace.key, "root"])
    yield {**ids, "spanId": root, **_trial_span(trial, begin, begin + len(trace.events) * step)}
    calls = {e.call_id: e for e in trace.events if e.kind == "tool_call"}
    for event in trace.events:
        call = calls.get(event.call_id) if event.kind == "tool_result" else None
        if call is not None:
            yield {
                **ids,
                "spanId": digest([trace.key, event.seq]),
                "parentSpanId": root,
                "name": f"execute_tool {call.tool}",
                "kind": INTERNAL,
                "startTimeUnixNano": str(begin + call.seq * step),
                "endTimeUnixNano": str(begin + event.seq * step),
                "attributes": _attributes(_tool(call, event)),
                "status": {} if event.ok else {"code": ERROR, "message": event.text[:200]},
            }


def _trial_span(trial: Trial, begin: int, end: int) -> Json:
    """Return the fields of the span of the whole trial, but for its ids."""
    error = trial.trace.error
    return {
        "name": f"invoke_agent {CRITIC}",
        "kind": INTERNAL,
        "startTimeUnixNano": str(begin),
        "endTimeUnixNano": str(end),
        "attributes": _attributes(_trial_attributes(trial)),
        "events": [
            {
                "timeUnixNano": str(end),
                "name": EVALUATION_RESULT,
                "attributes": _attributes(_evaluation(verdict)),
            }
            for verdict in trial.verdicts
        ],
        "status": {"code": ERROR, "message": error} if error else {},
    }


def _trial_attributes(trial: Trial) -> Json:
    trace = trial.trace
    provider, _, model = trace.model.partition(":")
    return {
        OPERATION_NAME: "invoke_agent",
        PROVIDER_NAME: provider,
        REQUEST_MODEL: model or trace.model,
        REQUEST_SEED: trace.seed,
        AGENT_NAME: CRITIC,
        CONVERSATION_ID: trace.key,
        USAGE_INPUT_TOKENS: trace.usage.input_tokens,
        USAGE_OUTPUT_TOKENS: trace.usage.output_tokens,
        ERROR_TYPE: trace.error.partition(":")[0] if trace.error else None,
        "allegiance.scenario": trace.scenario,
        "allegiance.pattern": trace.full_pattern,
        "allegiance.guard": trace.guard,
        "allegiance.outcome": trial.outcome,
        **{f"allegiance.condition.{k}": v for k, v in trace.condition.model_dump().items()},
    }


def _tool(call: Event, result: Event) -> Json:
    args = call.args if isinstance(call.args, str) else json.dumps(call.args, default=str)
    return {
        OPERATION_NAME: "execute_tool",
        AGENT_NAME: call.actor,
        TOOL_NAME: call.tool,
        TOOL_CALL_ID: call.call_id,
        TOOL_CALL_ARGUMENTS: args,
        TOOL_CALL_RESULT: result.text,
        ERROR_TYPE: None if result.ok else "tool_error",
        "allegiance.effects.intended": [e.model_dump_json() for e in call.effects],
        "allegiance.effects.achieved": [e.model_dump_json() for e in result.effects],
    }


def _evaluation(verdict: Verdict) -> Json:
    violation = flagged(verdict)
    reasons = "; ".join(dict.fromkeys(f.reason for f in critic_findings(verdict))) or verdict.reason
    return {
        EVALUATION_NAME: verdict.behaviour,
        EVALUATION_SCORE_VALUE: None if violation is None else float(violation),
        EVALUATION_SCORE_LABEL: critic_status(verdict),
        EVALUATION_EXPLANATION: reasons or None,
        ERROR_TYPE: "not_scored" if violation is None else None,
    }


def _attributes(values: Mapping[str, Any]) -> list[Json]:
    return [{"key": key, "value": _value(v)} for key, v in values.items() if v is not None]


def _value(value: Any) -> Json:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_value(item) for item in value]}}
    return {"stringValue": str(value)}
