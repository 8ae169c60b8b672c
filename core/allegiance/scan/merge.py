"""Merging the requests of models with the executions of tools, from records that overlap.

Spans and runs record a call up to three times: a model requests it, a tool runs, and later models
get both again as history. The merger returns each call once. An execution takes precedence over
its request, since an attached guard sees executions; a request without an execution stays a call.
In doubt a call is returned twice rather than dropped.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from allegiance.scan.messages import Message, ToolCall, ToolResult, arguments, same
from allegiance.scan.steps import AGENT, Args, CallStep, MessageStep, ResultStep, Step
from allegiance.trace.effects import Effect

Time = tuple[int, int]
"""A time in nanoseconds, and the order of arrival among equal times."""


@dataclass
class Execution:
    """An execution of a tool.

    Attributes:
        tool: The name of the tool.
        args: The arguments; None if they were not recorded.
        id: The id of the call, if it is known.
        actor: The caller, if it is known.
        start: The start, in nanoseconds.
        end: The end, in nanoseconds; None if the tool did not end.
        text: The result; None if it was not recorded.
        ok: Whether the call succeeded.
        intended: The intended effects, if allegiance recorded them.
        actual: The actual effects, if allegiance recorded them.
    """

    tool: str
    args: Args
    id: str | None
    actor: str | None
    start: int
    end: int | None
    text: str | None
    ok: bool
    intended: tuple[Effect, ...] | None = None
    actual: tuple[Effect, ...] | None = None


@dataclass
class _Request:
    time: Time
    call: ToolCall
    actor: str | None
    execution: int | None = None


@dataclass
class TraceMerger:
    """A merger of the records of one conversation, which may come in any order."""

    _requests: list[_Request] = field(default_factory=list)
    _executions: list[tuple[Time, Execution]] = field(default_factory=list)
    _messages: list[tuple[Time, str | None, str]] = field(default_factory=list)
    _history: list[tuple[Time, Message]] = field(default_factory=list)
    _answers: dict[str, list[tuple[Time, ToolResult]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    _known: set[object] = field(default_factory=set)
    _count: int = 0

    def output(self, when: int, actor: str | None, message: Message) -> None:
        """Add a message that a model wrote, with its calls."""
        name = message.name or actor
        if message.said.strip():
            self._messages.append((self._time(when), name, message.said))
        for call in message.asks:
            self._requests.append(_Request(self._time(when), call, name))
        self._add_answers(when, message)

    def history(self, when: int, message: Message) -> None:
        """Add a message of a model's history; it counts only if no other record has its content."""
        new = tuple(call for call in message.asks if self._is_new("call", call.key))
        said = message.said if message.said.strip() and self._is_new("said", message.said) else ""
        if new or said:
            self._history.append((self._time(when), replace(message, asks=new, said=said)))
        self._add_answers(when, message)

    def run(self, execution: Execution) -> None:
        """Add an execution of a tool."""
        self._executions.append((self._time(execution.start), execution))

    def steps(self) -> tuple[tuple[Step, ...], tuple[str, ...]]:
        """Return the steps in order, and the problems of the records."""
        self._executions.sort(key=lambda pair: pair[0])
        self._add_history()
        self._requests.sort(key=lambda request: request.time)
        self._match()
        steps: list[tuple[Time, Step]] = [
            (time, MessageStep(name or AGENT, text)) for time, name, text in self._messages
        ]
        used: set[str] = set()
        turn: dict[str, int] = defaultdict(int)
        for key, (time, execution, request) in enumerate(self._calls()):
            call, id = self._call_step(key, execution, request)
            steps.append((time, call))
            answer = None
            if id is not None and (known := self._answers.get(id)):
                answer = known[min(turn[id], len(known) - 1)]
                turn[id] += 1
                used.add(id)
            if result := self._result_step(key, time, execution, answer):
                steps.append(result)
        problems = [
            f"a tool answered the call {id!r}, which is not recorded"
            for id in self._answers
            if id not in used
        ]
        return tuple(step for _, step in sorted(steps, key=lambda pair: pair[0])), tuple(problems)

    def _calls(self) -> list[tuple[Time, Execution | None, _Request | None]]:
        """Return the calls in order, each with its execution, its request, or both."""
        requested = {r.execution: r for r in self._requests if r.execution is not None}
        calls: list[tuple[Time, Execution | None, _Request | None]] = [
            (time, execution, requested.get(i))
            for i, (time, execution) in enumerate(self._executions)
        ]
        calls += [(r.time, None, r) for r in self._requests if r.execution is None]
        return sorted(calls, key=lambda call: call[0])

    def _call_step(
        self, key: int, execution: Execution | None, request: _Request | None
    ) -> tuple[CallStep, str | None]:
        actor = (
            (request.actor if request else None)
            or (execution.actor if execution else None)
            or AGENT
        )
        if execution is None:
            assert request is not None
            call = request.call
            return CallStep(key, actor, call.name, call.args, call.id), call.id
        id = execution.id or (request.call.id if request else None)
        args = execution.args
        if request is not None and (
            not isinstance(args, Mapping) or _is_bare_value(request.call.args, args)
        ):
            args = request.call.args if request.call.args is not None else args
        return CallStep(key, actor, execution.tool, args, id, execution.intended), id

    def _result_step(
        self,
        key: int,
        time: Time,
        execution: Execution | None,
        answer: tuple[Time, ToolResult] | None,
    ) -> tuple[Time, ResultStep] | None:
        if execution is not None and execution.end is not None:
            text = execution.text
            if text is None and answer is not None:
                text = answer[1].text
            step = ResultStep(key, text, execution.ok, execution.actual)
            return self._after(time, execution.end), step
        if answer is not None:
            when, result = answer
            return max(when, self._after(time, 0)), ResultStep(key, result.text, result.ok)
        return None

    def _match(self) -> None:
        """Match each execution with its request: by id, else by equal or similar arguments."""
        by_id: dict[str, deque[_Request]] = defaultdict(deque)
        by_name: dict[str, deque[_Request]] = defaultdict(deque)
        for request in self._requests:
            if request.call.id is not None:
                by_id[request.call.id].append(request)
            by_name[request.call.name].append(request)
        unmatched = []
        for number, (_, execution) in enumerate(self._executions):
            queue = by_id.get(execution.id) if execution.id is not None else None
            if queue and queue[0].call.name == execution.tool:
                queue.popleft().execution = number
            else:
                unmatched.append(number)
        equal: dict[tuple[str, str], deque[_Request]] = defaultdict(deque)
        for request in self._requests:
            equal[request.call.name, same(request.call.args)].append(request)
        rest = []
        for number in unmatched:
            execution = self._executions[number][1]
            tool, args = execution.tool, execution.args
            candidates = by_name[tool] if args is None else equal[tool, same(args)]
            if not _take(candidates, number, execution):
                rest.append(number)
        for number in rest:
            execution = self._executions[number][1]
            similar = (
                request
                for request in by_name[execution.tool]
                if _is_similar(request.call.args, execution.args)
            )
            _take(similar, number, execution)

    def _add_history(self) -> None:
        requested = {request.call.key for request in self._requests}
        ids = {execution.id for _, execution in self._executions if execution.id is not None}
        executed = {(e.tool, same(e.args)) for _, e in self._executions}
        texts = {text for _, _, text in self._messages}
        for time, message in self._history:
            if message.said and message.said not in texts:
                self._messages.append((time, message.name, message.said))
            for call in message.asks:
                recorded = call.id in ids or (call.name, same(call.args)) in executed
                if call.key not in requested and (call.id is not None or not recorded):
                    self._requests.append(_Request(time, call, message.name))

    def _add_answers(self, when: int, message: Message) -> None:
        for answer in message.answers:
            if answer.id is not None and self._is_new("answer", (answer.id, answer.text)):
                self._answers[answer.id].append((self._time(when), answer))

    def _is_new(self, kind: str, content: object) -> bool:
        key = (kind, hash(content))  # a history is long, and every turn repeats it
        known = key in self._known
        self._known.add(key)
        return not known

    def _time(self, when: int) -> Time:
        self._count += 1
        return when, self._count

    def _after(self, time: Time, when: int) -> Time:
        """Return a time that is not before the call's own."""
        return max((when, time[1]), time)


def _take(requests: Iterable[_Request], number: int, execution: Execution) -> bool:
    """Match an execution with the first free request that has no other id."""
    for request in requests:
        if request.execution is None and (execution.id is None or request.call.id is None):
            request.execution = number
            return True
    return False


def _is_similar(requested: Args, executed: Args) -> bool:
    """Tell whether a tool got every requested argument; its framework may have added others."""
    if not isinstance(requested, Mapping):
        return False
    if _is_bare_value(requested, executed):
        return True
    return isinstance(executed, Mapping) and all(
        name in executed and same({"": executed[name]}) == same({"": value})
        for name, value in requested.items()
    )


def _is_bare_value(requested: Args, executed: Args) -> bool:
    """Tell whether an execution recorded the bare value of its only requested argument.

    OpenInference's instrumentor of LangChain does so.
    """
    if not isinstance(requested, Mapping) or len(requested) != 1:
        return False
    (value,) = requested.values()
    return same(arguments(value)) == same(executed)
