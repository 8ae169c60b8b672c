"""Runs of LangSmith.

They are trees with ``child_runs``, or a flat list as ``client.list_runs`` returns it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from allegiance.scan.documents import documents
from allegiance.scan.merge import Execution, TraceMerger
from allegiance.scan.messages import arguments, identity, parse, succeeded, value_of
from allegiance.scan.opening import Certainty, Opening
from allegiance.scan.steps import Conversation, Found, Unread, UnreadableError, short
from allegiance.scan.values import objects

MODELS = ("llm", "chat_model")
WANTED = 'runs with "run_type", "inputs" and "outputs"'


@dataclass
class _Tree:
    """A trace while its runs are read; what is not needed of a run is dropped at once."""

    weave: TraceMerger = field(default_factory=TraceMerger)
    ids: set[str] = field(default_factory=set)
    parents: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    error: str | None = None
    known: bool = False
    silent: int = 0


def recognizes(opening: Opening) -> Certainty:
    """Return how sure it is that a file holds runs."""
    if opening.has_key("run_type"):
        return Certainty.CERTAIN
    runs = opening.has(lambda i: any("run_type" in r for r in objects(i.get("runs"))))
    return Certainty.CERTAIN if runs else Certainty.NONE


def read(path: Path) -> Iterator[Found]:
    """Yield a conversation for each trace of a file.

    Raises:
        UserError: If nothing in it is JSON.
    """
    trees: dict[str, _Tree] = {}
    roots: dict[str, str] = {}
    for document in documents(path):
        name = f"line {document.line}"
        if document.damage is not None:
            yield Unread(name, document.damage)
            continue
        data = document.data
        if isinstance(data, Mapping) and isinstance(data.get("runs"), list):
            data = data["runs"]
        for run in data if isinstance(data, list) else [data]:
            try:
                for one in _flat(run):
                    trace = _trace(one, roots)
                    _add(trees.setdefault(trace, _Tree()), one)
            except (UnreadableError, RecursionError) as error:
                yield Unread(name, str(error) or "nested too deep")
    for trace, tree in trees.items():
        if not tree.known:
            yield Unread(trace, "there is no run of a model or a tool in it")
            continue
        steps, problems = tree.weave.steps()
        problems = (*tree.problems, *problems)
        if tree.error is not None:
            problems = (*problems, f"it ended in an error: {tree.error}")
        notes = []
        if tree.silent:
            notes.append(f"{tree.silent} runs of models hold no message: not judged")
        if tree.parents - tree.ids:
            notes.append("a parent of its runs is not in the file: it may go on elsewhere")
        yield Conversation(trace, steps, problems, tuple(notes), tree.error is not None)


def _flat(run: object, trace: object = None) -> Iterator[Mapping[str, Any]]:
    if not isinstance(run, Mapping) or not isinstance(run.get("run_type"), str):
        raise UnreadableError(f"{short(run)} is not a run; expected are {WANTED}")
    trace = run.get("trace_id") or trace or run.get("parent_run_id") or run.get("id")
    yield {**run, "trace_id": trace}
    children = run.get("child_runs")
    for child in children if isinstance(children, list) else ():
        yield from _flat(child, trace)


def _trace(run: Mapping[str, Any], roots: dict[str, str]) -> str:
    """Return the trace of a run; without one, what its parent belongs to."""
    trace = str(run["trace_id"])
    trace = roots.get(trace, trace)
    if run.get("id") is not None:
        roots.setdefault(str(run["id"]), trace)
    return trace


def _add(tree: _Tree, run: Mapping[str, Any]) -> None:
    parent, kind = run.get("parent_run_id"), run["run_type"]
    tree.ids.add(str(run.get("id")))
    if parent is not None:
        tree.parents.add(str(parent))
    elif run.get("error"):
        tree.error = str(run["error"]).strip().splitlines()[-1][:200]
    start, end = _time(run.get("start_time")), run.get("end_time")
    ended = _time(end) if end is not None else None
    if kind == "tool":
        tree.known = True
        tree.weave.run(_tool(run, start or 0, ended))
    elif kind in MODELS:
        tree.known = True
        _model(tree, run, start or 0, ended)


def _tool(run: Mapping[str, Any], start: int, end: int | None) -> Execution:
    inputs = run.get("inputs")
    if isinstance(inputs, Mapping) and set(inputs) == {"input"}:  # the text of the arguments
        found = arguments(inputs["input"])
        inputs = found if isinstance(found, Mapping) and found else inputs
    id = identity(_extra(run).get("tool_call_id"))
    outputs, error = run.get("outputs"), run.get("error")
    output = outputs.get("output", outputs) if isinstance(outputs, Mapping) else outputs
    text: str | None = None
    ok = not error
    if error:
        text = str(error)
    elif output is not None:
        try:
            answer = parse(output).answers[0]
            id, text, ok = answer.id or id, answer.text, answer.ok
        except (UnreadableError, IndexError):
            text = value_of(output)
            ok = succeeded(text)
    name = run.get("name")
    if not isinstance(name, str) or not name:
        raise UnreadableError(f"the run {run.get('id')!r} of a tool has no name")
    return Execution(name, arguments(inputs), id, _actor(run), start, end, text, ok)


def _model(tree: _Tree, run: Mapping[str, Any], start: int, end: int | None) -> None:
    shown, said = _messages(run.get("inputs")), _messages(run.get("outputs"))
    for item in shown:
        tree.weave.history(start, parse(item))
    for item in said:
        tree.weave.output(end if end is not None else start, _actor(run), parse(item))
    if not said and not run.get("error"):
        tree.silent += 1


def _messages(data: Any) -> list[Any]:
    """Return the messages of a model's inputs or outputs, in whichever form they are kept."""
    if not isinstance(data, Mapping):
        return []
    if isinstance(found := data.get("generations"), list):
        first = [g[0] if isinstance(g, list) and g else g for g in found]
        return [_generation(g) for g in first if isinstance(g, Mapping)]
    if isinstance(found := data.get("choices"), list):
        return [c["message"] for c in found if isinstance(c, Mapping) and "message" in c]
    if isinstance(found := data.get("messages"), list):
        return found[0] if found and isinstance(found[0], list) and _is_chat(found[0]) else found
    if isinstance(found := data.get("output"), Mapping) and ("role" in found or "type" in found):
        return [found]
    return [data] if "role" in data else []


def _is_chat(found: list[Any]) -> bool:
    """Tell a list of messages in a list (of a batch) from one message as a pair."""
    return not (len(found) == 2 and isinstance(found[0], str))


def _generation(generation: Mapping[str, Any]) -> Any:
    message = generation.get("message")
    if message is not None:
        return message
    return {"role": "assistant", "content": generation.get("text")}


def _extra(run: Mapping[str, Any]) -> Mapping[str, Any]:
    extra = run.get("extra")
    return extra if isinstance(extra, Mapping) else {}


def _actor(run: Mapping[str, Any]) -> str | None:
    metadata = _extra(run).get("metadata")
    known = metadata if isinstance(metadata, Mapping) else {}
    found = known.get("lc_agent_name") or known.get("langgraph_node")
    return str(found) if found else None


def _time(value: object) -> int:
    """Return a time of a run in nanoseconds; a number counts milliseconds."""
    try:
        if isinstance(value, (int, float)):
            return int(value * 10**6)
        when = datetime.fromisoformat(str(value))
        when = when if when.tzinfo else when.replace(tzinfo=UTC)
        return int(when.timestamp() * 10**6) * 1000
    except (ValueError, OverflowError):
        raise UnreadableError(f"{short(value)} is no time of a run") from None
