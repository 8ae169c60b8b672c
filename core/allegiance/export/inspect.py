"""Logs of inspect-ai, one for each scenario, pattern and model.

``inspect view`` opens them. They are written without inspect-ai. A log is a zip file of JSON
documents: a header, one document a sample, and summaries. It has one task and one model, so a run
becomes several logs. The id of a task includes the model and the conditions of the log, because
readers take logs of one task for repetitions and show the latest. The id of a sample is its
condition, its epoch the number of the trial. The first score says whether the trial was violated;
``I`` is flagged, ``C`` clean and ``N`` not scored.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from allegiance.export._started import started
from allegiance.probe.flags import critic_status, flagged, violated
from allegiance.stats.rates import rate
from allegiance.store.replacement import replace_folder
from allegiance.store.writer import Run
from allegiance.trace.digest import digest
from allegiance.trace.events import CRITIC, OPERATOR, Event, Verdict
from allegiance.trace.model_names import is_scripted
from allegiance.trace.trials import Trace, Trial

DEFAULT = "inspect"
VERSION = 2
MARKS: Mapping[str, str] = {"clean": "C", "flagged": "I", "not_scored": "N"}
VIOLATED = "violated"
"""The name of the score that readers show first."""
Json = dict[str, Any]


def write(run: Run, path: Path) -> Path:
    """Write a run into a folder, one log for each scenario, pattern and model.

    Each sample is written at once, so memory holds only the directory of each zip file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    created = started(run).isoformat(timespec="seconds")
    logs: dict[tuple[str, str, str], _Log] = {}
    with replace_folder(path) as draft, ExitStack() as opened:
        for trial in run.trials:
            t = trial.trace
            name = (t.scenario, t.full_pattern, t.model)
            if name not in logs:
                stem = re.sub(r"[^\w.-]+", "-", "_".join(name))[:100]
                file = draft / f"{stem}_{digest(name)[:8]}.eval"
                logs[name] = _Log(file, name, t, created, opened)
            logs[name].add(trial)
        for log in logs.values():
            log.finish()
    return path


class _Log:
    """A log that is being written: its file and the totals for its header."""

    def __init__(
        self, path: Path, name: tuple[str, str, str], first: Trace, created: str, opened: ExitStack
    ) -> None:
        self._name, self._first, self._created = name, first, created
        self._file = opened.enter_context(ZipFile(path, "w", ZIP_DEFLATED))
        self._summaries = opened.enter_context(TemporaryFile())  # noqa: SIM115 - the stack closes it
        self._ids: dict[str, None] = {}
        self._epochs = self._samples = self._done = 0
        self._flags: dict[str, Counter[bool | None]] = defaultdict(Counter)

    def add(self, trial: Trial) -> None:
        sample = _sample(trial)
        name = re.sub(r"[^\w.,=+-]+", "-", sample["id"])  # a guard of a foreign run may be a path
        _put(self._file, f"samples/{name}_epoch_{sample['epoch']}.json", sample)
        self._summaries.write(b", " if self._samples else b"[")
        self._summaries.write(json.dumps(_summary(sample), default=str).encode())
        self._ids[sample["id"]] = None
        self._epochs = max(self._epochs, sample["epoch"])
        self._samples += 1
        self._done += trial.trace.error is None
        self._flags[VIOLATED][_violated(trial)] += 1  # first, and so what readers show
        for verdict in trial.verdicts:
            self._flags[verdict.probe][flagged(verdict)] += 1

    def finish(self) -> None:
        plan = {"name": self._name[1], "steps": [], "config": {}}
        head: Json = {"version": VERSION, "eval": self._spec(), "plan": plan}
        times = {"started_at": self._created, "completed_at": self._created}
        header = {
            **head,
            "status": "success",
            "results": self._results(),
            "stats": {**times, "model_usage": {}},
        }
        self._summaries.write(b"]")
        self._summaries.seek(0)
        with self._file.open(_entry("summaries.json"), "w", force_zip64=True) as entry:
            copyfileobj(self._summaries, entry)
        _put(self._file, "_journal/start.json", head)
        _put(self._file, "header.json", header)

    def _spec(self) -> Json:
        scenario, full_pattern, model = self._name
        first, ids = self._first, list(self._ids)
        return {
            "eval_id": digest([*self._name, "eval"]),
            "run_id": digest([self._created, "run"]),
            "task_id": digest([scenario, full_pattern, model, first.app, sorted(ids)]),
            "created": self._created,
            "task": scenario,
            "task_version": first.version,
            "task_args": {"pattern": full_pattern, "app": first.app, "guard": first.guard},
            "dataset": {"name": scenario, "samples": len(ids), "sample_ids": ids},
            "model": model.replace(":", "/", 1),
            "config": {"epochs": self._epochs},
            "packages": dict(first.provenance),
            "metadata": {
                "written_by": "allegiance",
                "note": "A scripted agent is not a model: it follows its script."
                if is_scripted(model)
                else "",
            },
        }

    def _results(self) -> Json:
        scores = []
        for probe, flags in self._flags.items():
            share = rate(flags)
            numbers = {"flagged": share.value, "low": share.low, "high": share.high}
            scores.append(
                {
                    "name": probe,
                    "scorer": probe,
                    "scored_samples": share.n,
                    "unscored_samples": share.not_scored,
                    "metrics": {
                        name: {"name": name, "value": value}
                        for name, value in numbers.items()
                        if share.n
                    },
                }
            )
        return {"total_samples": self._samples, "completed_samples": self._done, "scores": scores}


def _entry(name: str) -> ZipInfo:
    info = ZipInfo(name)  # its fixed date makes the export of a run reproducible byte for byte
    info.compress_type = ZIP_DEFLATED
    return info


def _put(file: ZipFile, name: str, document: object) -> None:
    file.writestr(_entry(name), json.dumps(document, default=str))


def _sample(trial: Trial) -> Json:
    trace = trial.trace
    condition = (
        f"{trace.condition.label()},guard={trace.guard}" if trace.guard else trace.condition.label()
    )
    messages = list(_messages(trace.events))
    turns = [m for m in messages if m["role"] == "assistant"]
    usage = trace.usage
    sample: Json = {
        "id": condition,
        "epoch": trace.trial + 1,
        "uuid": trace.key,
        "input": next((e.text for e in trace.events if e.actor == OPERATOR), ""),
        "target": "",
        "messages": messages,
        "output": {
            "model": trace.model,
            "choices": [{"message": turns[-1], "stop_reason": "stop"}] if turns else [],
        },
        "scores": {VIOLATED: _violation(trial), **{v.probe: _score(v) for v in trial.verdicts}},
        "metadata": {
            "condition": trace.condition.model_dump(mode="json"),
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


def _violation(trial: Trial) -> Json:
    names = ", ".join(v.behaviour for v in trial.verdicts if flagged(v)) or "no behaviour"
    text = f"the trial ended {trial.outcome}; flagged: {names}"
    mark = {True: "I", False: "C", None: "N"}[_violated(trial)]
    return {"value": mark, "answer": trial.outcome, "explanation": text}


def _violated(trial: Trial) -> bool | None:
    return trial.outcome == "violated" or violated(trial)  # harm may come about without a finding


def _score(verdict: Verdict) -> Json:
    lines = [f"{f.status}: {f.reason} (events {list(f.seqs)})" for f in verdict.findings]
    return {
        "value": MARKS[critic_status(verdict)],
        "answer": verdict.status,
        "explanation": "\n".join(lines) or verdict.reason or "no finding",
        "metadata": {
            "behaviour": verdict.behaviour,
            "achieved": verdict.achieved,
            "messages": [f"event-{seq}" for f in verdict.findings for seq in f.seqs],
        },
    }


def _content(thoughts: list[Json], text: str) -> str | list[Json]:
    """Return the content of a turn: its text, after the reasoning if there is any."""
    return [*thoughts, {"type": "text", "text": text}] if thoughts else text


def _from_others(event: Event) -> Json:
    """Return role and content of a message that is not the critic's."""
    if event.actor == "system":
        return {"role": "system"}
    own = event.actor == OPERATOR
    return {"role": "user", "content": event.text if own else f"[{event.actor}] {event.text}"}


def _messages(events: Iterable[Event]) -> Iterable[Json]:
    """Yield the conversation from the critic's side; messages of others have the role user."""
    rejected: set[str | None] = set()
    waiting: Json | None = None  # the critic's turn, which may still get calls
    thoughts: list[Json] = []  # of the critic's next turn
    for event in events:
        meta = {"actor": event.actor, "effects": [e.model_dump() for e in event.effects]}
        base: Json = {"id": f"event-{event.seq}", "content": event.text, "metadata": meta}
        if event.kind == "tool_call":
            if waiting is None:
                turn: Json = {"actor": event.actor}
                turn_of = {"metadata": turn, "role": "assistant", "source": "generate"}
                waiting = {**base, "content": _content(thoughts, ""), **turn_of}
                thoughts = []
            args = event.args if isinstance(event.args, Mapping) else {"text": event.args}
            call = {"id": event.call_id, "function": event.tool, "arguments": dict(args)}
            waiting.setdefault("tool_calls", []).append({**call, "type": "function"})
            waiting["metadata"].setdefault("intended", {})[event.call_id] = meta["effects"]
            continue
        if event.kind in ("decision", "ending"):
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
        elif event.kind == "reasoning" and event.actor == CRITIC:
            thoughts.append({"type": "reasoning", "reasoning": event.text})
        elif event.kind == "message" and event.actor == CRITIC:
            content = _content(thoughts, event.text)
            waiting = {**base, "content": content, "role": "assistant", "source": "generate"}
            thoughts = []
        elif event.kind == "message" or (event.kind == "nudge" and event.ok):
            yield {**base, **_from_others(event)}
    if waiting is not None:
        yield waiting
