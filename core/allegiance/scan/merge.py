"""Weaving what models asked for with what tools did, from records that overlap.

Spans and runs tell of a call up to three times: a model asks for it, a tool runs, and later models
are shown both again as history. Each call is told once here. What ran is believed over what was
asked for, as a guard that is attached sees what runs; what was asked for and left no record of
running stays a call. When in doubt a call is told twice rather than dropped.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from allegiance.scan.messages import Message, ToolCall, ToolResult, arguments, same
from allegiance.scan.steps import AGENT, Args, CallStep, MessageStep, ResultStep, Step
from allegiance.trace.effects import Effect

At = tuple[int, int]
"""When: nanoseconds, and the order of arrival among equals."""


@dataclass
class Execution:
    """A tool that ran.

    Attributes:
        tool: Its name.
        args: Its arguments; None if they were not recorded.
        id: The call's id, if it is known.
        actor: Who called, if it is known.
        start: When it began, in nanoseconds.
        end: When it ended; None if it did not.
        text: What it answered; None if that was not recorded.
        ok: Whether it did what it was asked.
        intended: Its intended effects, where allegiance recorded them.
        actual: Its actual effects, where allegiance recorded them.
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
class _Asked:
    at: At
    ask: ToolCall
    actor: str | None
    ran: int | None = None


@dataclass
class TraceMerger:
    """Collects the records of one conversation, in any order, and returns its steps."""

    _asked: list[_Asked] = field(default_factory=list)
    _ran: list[tuple[At, Execution]] = field(default_factory=list)
    _said: list[tuple[At, str | None, str]] = field(default_factory=list)
    _old: list[tuple[At, Message]] = field(default_factory=list)
    _answers: dict[str, list[tuple[At, ToolResult]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    _known: set[object] = field(default_factory=set)
    _count: int = 0

    def output(self, when: int, actor: str | None, message: Message) -> None:
        """Note what a model said and asked for."""
        who = message.name or actor
        if message.said.strip():
            self._said.append((self._at(when), who, message.said))
        for ask in message.asks:
            self._asked.append(_Asked(self._at(when), ask, who))
        self._answer(when, message)

    def history(self, when: int, message: Message) -> None:
        """Note what a model was shown of what came before; it counts where nothing else tells."""
        new = tuple(ask for ask in message.asks if self._new("ask", ask.key))
        said = message.said if message.said.strip() and self._new("said", message.said) else ""
        if new or said:
            self._old.append((self._at(when), replace(message, asks=new, said=said)))
        self._answer(when, message)

    def run(self, ran: Execution) -> None:
        """Note a tool that ran."""
        self._ran.append((self._at(ran.start), ran))

    def steps(self) -> tuple[tuple[Step, ...], tuple[str, ...]]:
        """Return the steps in order, and what is wrong with them."""
        self._ran.sort(key=lambda pair: pair[0])
        self._add_history()
        self._asked.sort(key=lambda asked: asked.at)
        self._match()
        told: list[tuple[At, Step]] = [
            (at, MessageStep(who or AGENT, text)) for at, who, text in self._said
        ]
        used: set[str] = set()
        turn: dict[str, int] = defaultdict(int)
        by_run = {asked.ran: asked for asked in self._asked if asked.ran is not None}
        calls: list[tuple[At, Execution | None, _Asked | None]] = [
            (at, ran, by_run.get(i)) for i, (at, ran) in enumerate(self._ran)
        ]
        calls += [(asked.at, None, asked) for asked in self._asked if asked.ran is None]
        for key, (at, ran, asked) in enumerate(sorted(calls, key=lambda call: call[0])):
            call, id = self._called(key, ran, asked)
            told.append((at, call))
            answer = None
            if id is not None and (known := self._answers.get(id)):
                answer = known[min(turn[id], len(known) - 1)]
                turn[id] += 1
                used.add(id)
            if ended := self._ended(key, at, ran, answer):
                told.append(ended)
        problems = [
            f"a tool answered the call {id!r}, which is not recorded"
            for id in self._answers
            if id not in used
        ]
        return tuple(step for _, step in sorted(told, key=lambda pair: pair[0])), tuple(problems)

    def _called(
        self, key: int, ran: Execution | None, asked: _Asked | None
    ) -> tuple[CallStep, str | None]:
        who = (asked.actor if asked else None) or (ran.actor if ran else None) or AGENT
        if ran is None:
            assert asked is not None
            ask = asked.ask
            return CallStep(key, who, ask.name, ask.args, ask.id), ask.id
        id = ran.id or (asked.ask.id if asked else None)
        args = ran.args
        if asked is not None and (not isinstance(args, Mapping) or _bare(asked.ask.args, args)):
            args = asked.ask.args if asked.ask.args is not None else args
        return CallStep(key, who, ran.tool, args, id, ran.intended), id

    def _ended(
        self, key: int, at: At, ran: Execution | None, answer: tuple[At, ToolResult] | None
    ) -> tuple[At, ResultStep] | None:
        if ran is not None and ran.end is not None:
            text = ran.text if ran.text is not None or answer is None else answer[1].text
            return self._after(at, ran.end), ResultStep(key, text, ran.ok, ran.actual)
        if answer is not None:
            when, found = answer
            return max(when, self._after(at, 0)), ResultStep(key, found.text, found.ok)
        return None

    def _match(self) -> None:
        """Tie each tool that ran to the request for it: by id, else by equal arguments."""
        by_id: dict[str, deque[_Asked]] = defaultdict(deque)
        by_name: dict[str, deque[_Asked]] = defaultdict(deque)
        for asked in self._asked:
            if asked.ask.id is not None:
                by_id[asked.ask.id].append(asked)
            by_name[asked.ask.name].append(asked)
        loose = []
        for number, (_, ran) in enumerate(self._ran):
            queue = by_id.get(ran.id) if ran.id is not None else None
            if queue and queue[0].ask.name == ran.tool:
                queue.popleft().ran = number
            else:
                loose.append(number)
        equal: dict[tuple[str, str], deque[_Asked]] = defaultdict(deque)
        for asked in self._asked:
            equal[asked.ask.name, same(asked.ask.args)].append(asked)
        rest = []
        for number in loose:
            ran = self._ran[number][1]
            fits = by_name[ran.tool] if ran.args is None else equal[ran.tool, same(ran.args)]
            if not _take(fits, number, ran):
                rest.append(number)
        for number in rest:
            ran = self._ran[number][1]
            near = (a for a in by_name[ran.tool] if _near(a.ask.args, ran.args))
            _take(near, number, ran)

    def _add_history(self) -> None:
        asked = {a.ask.key for a in self._asked}
        ids = {ran.id for _, ran in self._ran if ran.id is not None}
        ran = {(ran.tool, same(ran.args)) for _, ran in self._ran}
        said = {text for _, _, text in self._said}
        for at, message in self._old:
            if message.said and message.said not in said:
                self._said.append((at, message.name, message.said))
            for ask in message.asks:
                by_other = ask.id in ids or (ask.name, same(ask.args)) in ran
                if ask.key not in asked and (ask.id is not None or not by_other):
                    self._asked.append(_Asked(at, ask, message.name))

    def _answer(self, when: int, message: Message) -> None:
        for answer in message.answers:
            if answer.id is not None and self._new("answer", (answer.id, answer.text)):
                self._answers[answer.id].append((self._at(when), answer))

    def _new(self, kind: str, what: object) -> bool:
        key = (kind, hash(what))  # a history is long, and told again at every turn
        known = key in self._known
        self._known.add(key)
        return not known

    def _at(self, when: int) -> At:
        self._count += 1
        return when, self._count

    def _after(self, at: At, when: int) -> At:
        """Return a place at a time, but never before the call itself."""
        return max((when, at[1]), at)


def _take(fits: Iterable[_Asked], number: int, ran: Execution) -> bool:
    """Tie a tool that ran to the first request that is free and has no other id."""
    for asked in fits:
        if asked.ran is None and (ran.id is None or asked.ask.id is None):
            asked.ran = number
            return True
    return False


def _near(asked: Args, ran: Args) -> bool:
    """Tell whether a tool got all that was asked for, and what its framework put in beside it."""
    if not isinstance(asked, Mapping):
        return False
    if _bare(asked, ran):
        return True
    return isinstance(ran, Mapping) and all(
        name in ran and same({"": ran[name]}) == same({"": value}) for name, value in asked.items()
    )


def _bare(asked: Args, ran: Args) -> bool:
    """Tell whether what ran was recorded as the bare value of the one argument that was asked for.

    OpenInference's instrumentor of LangChain does so.
    """
    if not isinstance(asked, Mapping) or len(asked) != 1:
        return False
    (value,) = asked.values()
    return same(arguments(value)) == same(ran)
