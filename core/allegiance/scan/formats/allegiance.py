"""Runs of allegiance, and files of a guard's JsonLines.

They hold effects as they were recorded, so no binding is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from allegiance.scan.chat import StepLog
from allegiance.scan.documents import documents
from allegiance.scan.opening import Certainty, Opening
from allegiance.scan.steps import Conversation, Found, MessageStep, Unread
from allegiance.store.writer import TRIALS
from allegiance.trace.events import Event
from allegiance.trace.trials import SCHEMA, Trial


def recognizes(opening: Opening) -> Certainty:
    """Return how sure it is that a folder is that of a run, or a file holds trials or a guard's."""
    own = (opening.path / TRIALS).is_file() or opening.has(_is_own)
    return Certainty.CERTAIN if own else Certainty.NONE


def _is_own(item: Mapping[str, Any]) -> bool:
    """Tell by the marks of a trial and of a guard's record; others have keys of the same names."""
    trace = item.get("trace")
    if isinstance(trace, Mapping):
        return "schema_version" in trace and "events" in trace
    return isinstance(item.get("record"), str) and ("seq" in item or "probe" in item)


def read(path: Path) -> Iterator[Found]:
    """Yield a conversation for each trial of a run, or each run of a guarded app.

    Raises:
        UserError: If there is no such file, or nothing in it is JSON.
    """
    file = path / TRIALS if path.is_dir() else path
    watched: list[Event] = []
    number = 0
    for document in documents(file):
        name, data = f"line {document.line}", document.data
        if document.damage is not None:
            yield Unread(name, document.damage)
        elif isinstance(data, Mapping) and "record" in data:
            if data["record"] != "event":
                continue
            try:
                fields = {key: value for key, value in data.items() if key != "record"}
                event = Event.model_validate(fields)
            except ValidationError as error:
                yield Unread(name, f"not an event of a guard: {error.errors()[0]['msg']}")
                continue
            if event.seq == 0 and watched:
                yield _watched(number, watched)
                number, watched = number + 1, []
            watched.append(event)
        else:
            yield _trial(name, data)
    if watched:
        yield _watched(number, watched)


def _trial(name: str, data: object) -> Found:
    try:
        trial = Trial.model_validate(data)
    except (ValidationError, RecursionError) as error:
        return Unread(name, f"not a trial: {str(error).splitlines()[0]}")
    trace = trial.trace
    if trace.schema_version != SCHEMA:
        return Unread(
            name, f"it has schema {trace.schema_version}, but this version reads {SCHEMA}"
        )
    cut = trace.error or trace.truncated
    return _conversation(trace.key, trace.events, f"it was cut short: {cut}" if cut else None)


def _watched(number: int, events: list[Event]) -> Found:
    whole = events[-1].kind == "end" and [e.seq for e in events] == list(range(len(events)))
    problem = None if whole else "events of it are missing, or those of several runs are mixed"
    return _conversation(f"run {number}", events, problem)


def _conversation(name: str, events: Iterable[Event], problem: str | None) -> Found:
    log = StepLog()
    ended = False
    for event in events:
        if event.kind == "message":
            log.steps.append(MessageStep(event.actor, event.text))
        elif event.kind == "tool_call":
            effects = event.effects if event.bound else None
            log.called(event.actor, event.tool or "", event.args, event.call_id, effects)
        elif event.kind == "tool_result":
            log.answered(event.call_id, event.tool, event.text, event.ok, event.effects)
        ended = ended or event.kind == "end"
    problems = (*([problem] if problem else ()), *log.problems)
    return Conversation(name, tuple(log.steps), problems, cut=not ended)
