"""A run as logs of inspect-ai, which ``inspect view`` opens; written without inspect-ai.

A log of inspect-ai is a zip file of JSON documents: a header, one document a sample, and summaries.
It knows one task and one model, so a run becomes one log for each scenario, topology and model. A
sample's id is its arm, its epoch the number of the trial; ``I`` is flagged, ``C`` clean, ``N``
unscored.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from allegiance.export.when import started
from allegiance.scenario import digest
from allegiance.session import CRITIC, OPERATOR
from allegiance.stats import rate
from allegiance.store import Run
from allegiance.trace import Event, Trial, Verdict

DEFAULT = "inspect"
VERSION = 2
MARKS: Mapping[str, str] = {"clean": "C", "flagged": "I", "unscored": "N"}
Json = dict[str, Any]


def write(run: Run, path: Path) -> Path:
    """Write a run into a folder, one log for each scenario, topology and model."""
    path.mkdir(parents=True, exist_ok=True)
    logs: dict[tuple[str, ...], list[Trial]] = defaultdict(list)
    for trial in run.trials:
        t = trial.trace
        logs[(t.scenario, f"{t.adapter}:{t.pattern}", t.model)].append(trial)
    created = started(run).isoformat(timespec="seconds")
    for name, trials in logs.items():
        stem = re.sub(r"[^\w.-]+", "-", "_".join(name))[:100]
        _log(path / f"{stem}_{digest(name)[:8]}.eval", name, trials, created)
    return path


def _log(path: Path, name: tuple[str, ...], trials: Sequence[Trial], created: str) -> None:
    samples = [_sample(trial) for trial in trials]
    plan = {"name": name[1], "steps": [], "config": {}}
    head: Json = {"version": VERSION, "eval": _spec(name, trials, samples, created), "plan": plan}
    header = {
        **head,
        "status": "success",
        "results": _results(trials),
        "stats": {"started_at": created, "completed_at": created, "model_usage": {}},
    }
    with ZipFile(path, "w", ZIP_DEFLATED) as file:
        _put(file, "_journal/start.json", head)
        for sample in samples:
            _put(file, f"samples/{sample['id']}_epoch_{sample['epoch']}.json", sample)
        _put(file, "summaries.json", [_summary(sample) for sample in samples])
        _put(file, "header.json", header)


def _put(file: ZipFile, name: str, document: object) -> None:
    info = ZipInfo(name)  # with the date of all files in it fixed, the same run is the same bytes
    info.compress_type = ZIP_DEFLATED
    file.writestr(info, json.dumps(document, default=str))


def _spec(
    name: tuple[str, ...], trials: Sequence[Trial], samples: Sequence[Json], created: str
) -> Json:
    scenario, topology, model = name
    first = trials[0].trace
    ids = list(dict.fromkeys(sample["id"] for sample in samples))
    return {
        "eval_id": digest([*name, "eval"]),
        "run_id": digest([created, "run"]),
        "task_id": digest([scenario, topology]),
        "created": created,
        "task": scenario,
        "task_version": first.version,
        "task_args": {"topology": topology, "target": first.target, "guard": first.guard},
        "dataset": {"name": scenario, "samples": len(ids), "sample_ids": ids},
        "model": model.replace(":", "/", 1),
        "config": {"epochs": max(sample["epoch"] for sample in samples)},
        "packages": dict(first.provenance),
        "metadata": {
            "written_by": "allegiance",
            "note": "An organism is a scripted character, not a model."
            if model.startswith("organism:")
            else "",
        },
    }


def _results(trials: Sequence[Trial]) -> Json:
    hits: dict[str, list[bool | None]] = defaultdict(list)
    for trial in trials:
        for verdict in trial.verdicts:
            status = _status(verdict)
            hits[verdict.probe].append(None if status == "unscored" else status == "flagged")
    scores = []
    for probe, values in hits.items():
        found = rate(values)
        numbers = {"flagged": found.value, "low": found.low, "high": found.high}
        scores.append(
            {
                "name": probe,
                "scorer": probe,
                "scored_samples": found.n,
                "unscored_samples": found.unscored,
                "metrics": {
                    name: {"name": name, "value": value}
                    for name, value in numbers.items()
                    if found.n
                },
            }
        )
    done = sum(trial.trace.error is None for trial in trials)
    return {"total_samples": len(trials), "completed_samples": done, "scores": scores}


def _sample(trial: Trial) -> Json:
    trace = trial.trace
    arm = f"{trace.arm.label()},guard={trace.guard}" if trace.guard else trace.arm.label()
    messages = list(_messages(trace.events))
    said = [m for m in messages if m["role"] == "assistant"]
    usage = trace.usage
    sample: Json = {
        "id": arm,
        "epoch": trace.trial + 1,
        "uuid": trace.key,
        "input": next((e.text for e in trace.events if e.actor == OPERATOR), ""),
        "target": "",
        "messages": messages,
        "output": {
            "model": trace.model,
            "choices": [{"message": said[-1], "stop_reason": "stop"}] if said else [],
        },
        "scores": {v.probe: _score(v) for v in trial.verdicts},
        "metadata": {
            "arm": trace.arm.model_dump(mode="json"),
            "outcome": trial.outcome,
            "scores": trial.scores,
            "peer_model": trace.peer_model,
            "content": trace.content,
            "seed": trace.seed,
            "truncated": trace.truncated,
        },
        "model_usage": {
            trace.model: {
                "input_tokens": usage.input_tokens,
                "output_tokens": usage.output_tokens,
                "total_tokens": usage.input_tokens + usage.output_tokens,
            }
        },
        "total_time": trial.seconds,
        "working_time": trial.seconds,
    }
    if trace.error is not None:
        sample["error"] = {"message": trace.error, "traceback": "", "traceback_ansi": ""}
    return sample


def _summary(sample: Json) -> Json:
    kept = ("id", "epoch", "uuid", "target", "scores", "model_usage", "total_time", "working_time")
    return {
        **{name: sample[name] for name in kept},
        "input": sample["input"][:200],
        "metadata": {"outcome": sample["metadata"]["outcome"]},
        "completed": True,
        "message_count": len(sample["messages"]),
        "error": sample["error"]["message"] if "error" in sample else None,
    }


def _status(verdict: Verdict) -> str:
    if verdict.status != "flagged":
        return verdict.status
    return "flagged" if any(f.actor == CRITIC for f in verdict.findings) else "clean"


def _score(verdict: Verdict) -> Json:
    lines = [f"{f.status}: {f.reason} (events {list(f.seqs)})" for f in verdict.findings]
    return {
        "value": MARKS[_status(verdict)],
        "answer": verdict.status,
        "explanation": "\n".join(lines) or verdict.reason or "nothing found",
        "metadata": {
            "behaviour": verdict.behaviour,
            "achieved": verdict.achieved,
            "messages": [f"event-{seq}" for f in verdict.findings for seq in f.seqs],
        },
    }


def _messages(events: Iterable[Event]) -> Iterable[Json]:
    """Yield the conversation as the critic had it; what others say comes from a user."""
    rejected: set[str | None] = set()
    waiting: Json | None = None  # the critic's turn that calls are added to
    for event in events:
        meta = {"actor": event.actor, "effects": [e.model_dump() for e in event.effects]}
        base: Json = {"id": f"event-{event.seq}", "content": event.text, "metadata": meta}
        if event.kind == "tool_call":
            if waiting is None:
                turn: Json = {"actor": event.actor}
                waiting = {**base, "metadata": turn, "role": "assistant", "source": "generate"}
            args = event.args if isinstance(event.args, Mapping) else {"text": event.args}
            call = {"id": event.call_id, "function": event.tool, "arguments": dict(args)}
            waiting.setdefault("tool_calls", []).append({**call, "type": "function"})
            waiting["metadata"].setdefault("intended", {})[event.call_id] = meta["effects"]
            continue
        if event.kind == "decision":
            rejected.add(event.call_id)
            continue
        if waiting is not None:
            yield waiting
            waiting = None
        if event.kind == "tool_result":
            kind = "approval" if event.call_id in rejected else "unknown"
            error = None if event.ok else {"type": kind, "message": event.text}
            names = {"tool_call_id": event.call_id, "function": event.tool, "error": error}
            yield {**base, "role": "tool", **names}
        elif event.kind == "message" and event.actor == CRITIC:
            waiting = {**base, "role": "assistant", "source": "generate"}
        elif event.kind == "message" and event.actor == "system":
            yield {**base, "role": "system"}
        elif event.kind == "message":
            said = event.text if event.actor == OPERATOR else f"[{event.actor}] {event.text}"
            yield {**base, "content": said, "role": "user"}
    if waiting is not None:
        yield waiting
