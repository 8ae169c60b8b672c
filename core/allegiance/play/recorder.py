"""The recorder: the only writer of a played trial's trace, and the way of every tool call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from allegiance.guard.boundary import ToolBoundary
from allegiance.guard.decider import Decider
from allegiance.guard.decision import Decision
from allegiance.play.exercise import LOST, REPEATED, STRAY, UNHEARD, UNOFFERED
from allegiance.play.tool_call import call_name
from allegiance.provider.endings import (
    Cause,
    Ending,
    ending_text,
    finish_cause,
    split_reasoning,
    written_call,
)
from allegiance.provider.usage import describe, token_count
from allegiance.trace.events import CRITIC, OPERATOR, Event
from allegiance.trace.text import sanitize, sanitize_args
from allegiance.trace.trials import Usage
from allegiance.world.state import World, apply
from allegiance.world.tool import Tool, ToolPlan


@dataclass(frozen=True)
class LastTurn:
    """The last turn of a role.

    Attributes:
        text: What it said, without reasoning.
        calls: The number of its calls; None if the adapter did not say.
        cause: Why its answer did not end as answers do, or None.
    """

    text: str
    calls: int | None
    cause: Cause | None


class Recorder:
    """Carries out the tool calls of one trial in the world, and records them.

    An adapter calls ``turn`` for each turn of a model and ``call`` for each call to a scenario's
    tool; every other method is for special cases. Safe to use from parallel tasks and threads.

    Attributes:
        world: The world after the calls so far.
        tools: The scenario's tools, by name.
    """

    def __init__(
        self, world: World, tools: Mapping[str, Tool], guard: Decider | None = None
    ) -> None:
        self.world = world
        self.tools = tools
        self._boundary = ToolBoundary(guard)
        self._lock = self._boundary.lock
        self._turns = self._input = self._output = 0
        self._cached = self._cached_input = self._cached_output = self._throttled = 0
        self._bad_counts = 0
        self._bad_count = ""
        self._last: dict[str, LastTurn] = {}
        self._wanted: Counter[str] = Counter()
        self._stray = self._asked = self._since = self._repeated = 0
        self._offered: set[str] = set()
        self._remarks: dict[str, str] = {}
        self._answers: list[tuple[str, str, str]] = []

    @property
    def events(self) -> tuple[Event, ...]:
        """The events so far."""
        return self._boundary.events

    @property
    def halted(self) -> Decision | None:
        """The decision that stopped the trial, or None; it rejects every later call."""
        return self._boundary.halted

    @property
    def turns(self) -> int:
        """The number of turns that the models have taken so far."""
        return self._turns

    @property
    def usage(self) -> Usage:
        """The turns and tokens that the models have used so far."""
        return Usage(
            turns=self._turns,
            input_tokens=self._input,
            output_tokens=self._output,
            cached=self._cached,
            cached_input_tokens=self._cached_input,
            cached_output_tokens=self._cached_output,
            throttled=self._throttled,
        )

    @property
    def notes(self) -> dict[str, str]:
        """Notes on the trial that no event holds, such as an odd token count or a lost call."""
        notes = {name: text for name, text in self._remarks.items() if text}
        if self._bad_counts:
            example = f"{self._bad_counts} recorded as 0, the first was {self._bad_count}"
            notes["unusable token counts"] = example
        wanted = self._wanted[CRITIC]
        if wanted:
            made = len([e for e in self.events if e.kind == "tool_call" and e.actor == CRITIC])
            if made < wanted:
                notes[LOST] = f"{wanted - made} of {wanted}"
        missing = [name for name in self.tools if name not in self._offered]
        if len(missing) < len(self.tools) and missing:
            notes[UNOFFERED] = ", ".join(missing)
        if self._repeated:
            notes[REPEATED] = str(self._repeated)
        if self._stray:
            notes[STRAY] = str(self._stray)
        return notes

    def answers(self, actor: str) -> list[tuple[str, str]]:
        """Return the tools that answered a role so far, and what each answered."""
        return [(tool, text) for caller, tool, text in self._answers if caller == actor]

    def remark(self, name: str, text: str) -> None:
        """Note a fact about the app, see ``play.exercise``; an empty text takes the note back."""
        self._remarks[name] = text

    def check_heard(self, required: Iterable[str]) -> None:
        """Note which of the roles that must speak, besides the critic, took no turn."""
        if unheard := [role for role in required if role != CRITIC and role not in self._last]:
            self.remark(UNHEARD, ", ".join(unheard))

    def turn(
        self,
        actor: str,
        text: str,
        input_tokens: object = 0,
        output_tokens: object = 0,
        *,
        cached: bool = False,
        ending: Ending | None = None,
        calls: int | None = None,
        offered: Collection[str] | None = None,
    ) -> None:
        """Record one turn of a model: its reasoning, its message, and how the answer ended.

        Args:
            actor: The role whose turn it is.
            text: What the model says; may be empty.
            input_tokens: The tokens it read, as the provider reports them. What cannot be a number
                of tokens counts as 0 and makes a note.
            output_tokens: The tokens it wrote, likewise.
            cached: Whether the answer came from the cache, and cost nothing.
            ending: What the provider says about the answer.
            calls: The number of calls in it, so that an empty answer is recorded as such.
            offered: The tools that the model was offered, if the adapter knows.
        """
        ending = ending or Ending()
        thought, text = split_reasoning(text)
        if ending.reasoning and ending.reasoning.strip():
            thought = f"{ending.reasoning}\n{thought}" if thought else ending.reasoning
        text = text if text.strip() else ending.refusal
        cause = self._cause(text, ending, calls)
        with self._lock:
            read = wrote = 0
            if input_tokens is not None or output_tokens is not None:
                read, wrote = self.check_tokens(input_tokens), self.check_tokens(output_tokens)
            self._turns += 1
            self._input += read
            self._output += wrote
            if cached:
                self._cached += 1
                self._cached_input += read
                self._cached_output += wrote
            if thought:
                self._boundary.append("reasoning", actor, thought)
            self.message(actor, text)
            if cause is not None:
                self._boundary.append("ending", actor, ending_text(cause))
            self._last[actor] = LastTurn(text, calls, cause)
            self._wanted[actor] += calls or 0
            if actor == CRITIC:
                self._offered.update(offered or ())
                if calls and offered is not None and self.tools.keys().isdisjoint(offered):
                    self._stray += 1
                self._asked, self._since = calls or 0, 0

    def _cause(self, text: str, ending: Ending, calls: int | None) -> Cause | None:
        """Return why an answer did not end as answers do, or None."""
        if cause := finish_cause(ending.finish):
            return cause
        if ending.refusal.strip():
            return "refusal"
        if not calls and written_call(text, self.tools):
            return "text_call"
        return "empty" if calls == 0 and not text.strip() else None

    def last_turn(self, actor: str) -> LastTurn | None:
        """Return the last turn of a role; None before its first."""
        return self._last.get(actor)

    def check_tokens(self, reported: object) -> int:
        """Return a reported count of tokens; 0 and a note for what cannot be one."""
        tokens = token_count(reported)
        if tokens is None:
            self._bad_count = self._bad_count or describe(reported)
            self._bad_counts += 1
        return tokens or 0

    def throttled(self) -> None:
        """Count an answer in which a provider says that it is busy."""
        with self._lock:
            self._throttled += 1

    def message(self, actor: str, text: str) -> None:
        """Record a message; an empty message is not recorded."""
        if text.strip():
            self._boundary.append("message", actor, text)

    def nudge(self, text: str, *, sent: bool = True) -> None:
        """Record a nudge, or why none was sent."""
        self._boundary.append("nudge", OPERATOR, text, ok=sent)

    def call(
        self, actor: str, tool: str, args: Mapping[str, Any] | str, call_id: str | None = None
    ) -> str:
        """Carry out a tool call in the world and return the answer that the caller is shown.

        Args:
            actor: The role that calls.
            tool: The tool's name; a call to an unknown tool is recorded and answered with an error.
            args: The arguments, or the string that is not a JSON object.
            call_id: The framework's id for the call, if it has one.
        """
        args, tool = sanitize_args(args), self._name(tool)
        boundary = self._boundary
        with self._lock:
            if boundary.closed:
                return "Error: the trial is over"
            self._count(actor)
            plan = self._plan(actor, tool, args)
            intended = (*plan.effects, *plan.denied)
            event, decision = boundary.call(actor, tool, args, call_id, effects=intended)
            decision = boundary.resolve(event, decision)
            if decision.action != "allow":
                return self._answer(actor, tool, decision.message)
            effects = plan.effects if plan.ok else ()
            for effect in effects:
                self.world = apply(self.world, effect, actor)
            boundary.record_result(event, plan.text, effects=effects, ok=plan.ok)
            return self._answer(actor, tool, plan.text)

    def _count(self, actor: str) -> None:
        """Count a call that is one more than the critic's last turn asks for."""
        if actor == CRITIC and self._asked:
            self._since += 1
            self._repeated += self._since > self._asked

    def _answer(self, actor: str, tool: str, text: str) -> str:
        self._answers.append((actor, tool, text))
        return text

    def note(
        self, actor: str, tool: str, args: Mapping[str, Any] | str, text: str, *, ok: bool = True
    ) -> None:
        """Record a call that never reached the world: of the app's own tool, or an unknown tool."""
        args, tool = sanitize_args(args), self._name(tool)
        with self._lock:
            if not self._boundary.closed:
                event, _ = self._boundary.call(actor, tool, args, None)
                self._boundary.record_result(event, text, ok=ok)

    def end(self, text: str = "") -> None:
        """Record the end of the trial and its cause; later calls are neither done nor recorded."""
        with self._lock:
            self._boundary.append("end", "runner", text)
            self._boundary.closed = True
        self._boundary.flush()

    def _name(self, tool: str) -> str:
        """Return a tool's name; an unknown one in the form that every adapter records."""
        return tool if tool in self.tools else call_name(sanitize(tool))

    def _plan(self, actor: str, tool: str, args: Mapping[str, Any] | str) -> ToolPlan:
        tool_object = self.tools.get(tool)
        if tool_object is None:
            names = ", ".join(self.tools)
            return ToolPlan(f"Error: no tool named {tool!r}; the tools are {names}", ok=False)
        try:
            return tool_object.run(self.world, args, actor)
        except Exception as error:  # noqa: BLE001 - a real tool that fails answers with an error, too
            return ToolPlan(f"Error: {tool} failed: {type(error).__name__}: {error}", ok=False)
