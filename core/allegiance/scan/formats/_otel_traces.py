"""Conversations from spans of either dialect, whatever file they come from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from allegiance.scan.formats import _otel_genai as genai
from allegiance.scan.formats import _otel_openinference as openinference
from allegiance.scan.formats._otel_reading import Reading
from allegiance.scan.formats._otel_spans import Record, Span
from allegiance.scan.merge import Execution, TraceMerger
from allegiance.scan.messages import Message, same
from allegiance.scan.steps import Conversation, Found, Unread, UnreadableError


@dataclass
class _Trace:
    """A trace while its spans are read; what is not needed of a span is dropped at once."""

    parents: dict[str, str | None] = field(default_factory=dict)
    actors: dict[str, str] = field(default_factory=dict)
    tools: dict[str, Execution] = field(default_factory=dict)
    outputs: list[tuple[int, str, tuple[Message, ...], bool]] = field(default_factory=list)
    shown: list[tuple[int, Message]] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)
    histories: list[str] = field(default_factory=list)
    conversations: set[str] = field(default_factory=set)
    unread: list[str] = field(default_factory=list)
    silent: int = 0
    asking: int = 0
    known: bool = False
    error: str | None = None


class Traces:
    """The traces of a file while its spans are read."""

    def __init__(self) -> None:
        self._traces: dict[str, _Trace] = {}

    def add(self, span: Span) -> None:
        """Add a span."""
        _add(self._traces.setdefault(span.trace, _Trace()), span)

    def log(self, trace: str, span: str | None, record: Record) -> None:
        """Add a log record of a span."""
        _log(self._traces.setdefault(trace or "no trace", _Trace()), span, record)

    def conversations(self) -> Iterator[Found]:
        """Yield the conversations of the traces."""
        yield from _conversations(self._traces)


def _conversations(traces: dict[str, _Trace]) -> Iterator[Found]:
    groups: dict[str, list[_Trace]] = {}
    others = 0
    for id, trace in traces.items():
        if trace.unread:
            yield Unread(id, trace.unread[0])
        elif not trace.known:
            others += 1
        else:
            one = len(trace.conversations) == 1
            groups.setdefault(next(iter(trace.conversations)) if one else id, []).append(trace)
    for name, parts in groups.items():
        yield _conversation(name, parts)
    if others and not groups:
        yield Unread(
            f"{others} traces",
            "no span of them is of an agent: there is neither openinference.span.kind nor "
            "gen_ai.operation.name",
        )


def _add(trace: _Trace, span: Span) -> None:
    trace.parents[span.id] = span.parent
    try:
        found = _merged(span, trace.histories)
    except UnreadableError as error:
        trace.unread.append(f"span {span.name!r}: {error}")
        return
    if found is None:
        return
    if found.actor is not None:
        trace.actors[span.id] = found.actor
    if span.parent is None and span.error is not None:
        trace.error = span.error
    if found.conversation is not None:
        trace.conversations.add(found.conversation)
    end = span.end if span.end is not None else span.start
    if found.ran is not None:
        trace.known = True
        trace.tools[span.id] = found.ran
    for message in found.shown:
        _show(trace, span.start, message)
    if found.said is not None:
        trace.known = True
        trace.asking += found.asks and not found.said
        if found.said:
            trace.outputs.append((end, span.id, found.said, found.again))
        elif not found.again and span.error is None:
            trace.silent += 1


def _merged(span: Span, histories: list[str]) -> Reading | None:
    """Return what a span tells in one dialect, and in the other where it speaks both."""
    first, second = openinference.reading(span), genai.reading(span, histories)
    if first is None or second is None:
        return first or second
    ran = first.ran or second.ran
    if first.ran is not None and second.ran is not None:
        ran = _filled(first.ran, second.ran)
    return replace(
        second,
        actor=second.actor or first.actor,
        conversation=second.conversation or first.conversation,
        ran=ran,
        shown=first.shown or second.shown,
        said=first.said or second.said,
    )


def _log(trace: _Trace, span: str | None, record: Record) -> None:
    try:
        shown, said = genai.one_event(record)
    except UnreadableError as error:
        trace.unread.append(f"event {record.name!r}: {error}")
        return
    for message in shown:
        _show(trace, record.when, message)
    if said:
        trace.known = True
        trace.silent -= 1
        trace.outputs.append((record.when, span or "", tuple(said), False))


def _show(trace: _Trace, when: int, message: Message) -> None:
    if message.said or message.asks or message.answers:
        key = hash(repr(message))
        if key not in trace.seen:
            trace.seen.add(key)
            trace.shown.append((when, message))


def _conversation(name: str, parts: list[_Trace]) -> Conversation:
    weave = TraceMerger()
    silent = asking = away = 0
    for trace in parts:
        for id, ran in _tools(trace).items():
            weave.run(replace(ran, actor=ran.actor or _actor(trace, id)))
        for when, id, said, again in trace.outputs:
            for message in said:
                if again:
                    named = message.name or _actor(trace, id)
                    weave.history(when, replace(message, name=named))
                else:
                    weave.output(when, _actor(trace, id), message)
        for when, message in trace.shown:
            weave.history(when, message)
        silent += max(0, trace.silent)
        asking += 0 if trace.tools else trace.asking
        away += any(p is not None and p not in trace.parents for p in trace.parents.values())
    steps, problems = weave.steps()
    notes = []
    if asking:
        problems = (*problems, f"{asking} models asked for tools, and no call is recorded")
    errors = [trace.error for trace in parts if trace.error is not None]
    if errors:
        problems = (*problems, f"it ended in an error: {errors[-1][:200]}")
    if silent:
        notes.append(f"what models said is not recorded in {silent} spans: only calls are judged")
    if away:
        notes.append("a parent of its spans is not in the file: it may go on elsewhere")
    return Conversation(name, steps, problems, tuple(notes), cut=bool(errors))


def _tools(trace: _Trace) -> dict[str, Execution]:
    """Return the calls of a trace, with those that two libraries recorded told once."""
    found = dict(trace.tools)
    for id, ran in trace.tools.items():
        outer = next((o for o in _above(trace, id) if o in found), None)
        if outer is not None and _twice(found[outer], ran):
            found[outer] = _filled(found[outer], ran)
            del found[id]
    return found


def _twice(outer: Execution, inner: Execution) -> bool:
    ids = None in (outer.id, inner.id) or outer.id == inner.id
    args = None in (outer.args, inner.args) or same(outer.args) == same(inner.args)
    return outer.tool == inner.tool and ids and args


def _filled(ran: Execution, other: Execution) -> Execution:
    """Return a call with what only another record of it tells."""
    return replace(
        ran,
        args=other.args if ran.args is None else ran.args,
        id=ran.id or other.id,
        actor=ran.actor or other.actor,
        text=other.text if ran.text is None else ran.text,
        ok=ran.ok and other.ok,
    )


def _actor(trace: _Trace, id: str) -> str | None:
    return next((trace.actors[i] for i in (id, *_above(trace, id)) if i in trace.actors), None)


def _above(trace: _Trace, id: str) -> Iterator[str]:
    seen = {id}
    at = trace.parents.get(id)
    while at is not None and at not in seen:
        yield at
        seen.add(at)
        at = trace.parents.get(at)
