"""The recorder: the only writer of a played trial's trace, and the way of every tool call."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from allegiance.guard.boundary import ToolBoundary
from allegiance.guard.decider import Decider
from allegiance.guard.decision import Decision
from allegiance.play.exercise import UNHEARD
from allegiance.play.notes import LastTurn, Notes
from allegiance.play.panel import Panel
from allegiance.play.tool_call import call_name
from allegiance.play.usage_by_role import UsageByRole
from allegiance.provider.endings import (
    Cause,
    Ending,
    ending_text,
    finish_cause,
    split_reasoning,
    written_call,
)
from allegiance.trace.effects import Effect
from allegiance.trace.events import CRITIC, OPERATOR, PANEL, Event
from allegiance.trace.text import sanitize, sanitize_args
from allegiance.trace.trials import Usage
from allegiance.world.state import World, apply
from allegiance.world.tool import Tool, ToolPlan


class Recorder:
    """Carries out the tool calls of one trial in the world, and records them.

    An adapter calls ``turn`` for each turn of a model and ``call`` for each call to a scenario's
    tool; every other method is for special cases. Safe to use from parallel tasks and threads.

    Attributes:
        world: The world after the calls so far.
        tools: The scenario's tools, by name.
        panel: The panel whose members act apart from each other, if there is one.
    """

    def __init__(
        self,
        world: World,
        tools: Mapping[str, Tool],
        guard: Decider | None = None,
        others: Iterable[str] = (),
    ) -> None:
        """Start a trial.

        Args:
            world: The state before the first call.
            tools: The tools of all roles, by name.
            guard: Decides on every call; None lets every call through.
            others: The names of tools that the critic is not offered.
        """
        self.world = world
        self.tools = tools
        self.panel: Panel | None = None
        self._boundary = ToolBoundary(guard)
        self._lock = self._boundary.lock
        self._usage = UsageByRole()
        self._agents: dict[str, str] = {}
        self._last: dict[str, LastTurn] = {}
        self._notes = Notes([name for name in tools if name not in set(others)])
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
        return self._usage.turns

    @property
    def usage(self) -> Usage:
        """The turns and tokens that the models have used so far."""
        return self._usage.total

    @property
    def usage_by_role(self) -> dict[str, Usage]:
        """The turns and tokens of each role so far."""
        return self._usage.by_role

    @property
    def notes(self) -> dict[str, str]:
        """Notes on the trial that no event holds, such as an odd token count or a lost call."""
        notes = self._notes.texts(self.events)
        if self._usage.note:
            notes["unusable token counts"] = self._usage.note
        return notes

    def answers(self, actor: str) -> list[tuple[str, str]]:
        """Return the tools that answered a role so far, and what each answered."""
        return [(tool, text) for caller, tool, text in self._answers if caller == actor]

    def remark(self, name: str, text: str) -> None:
        """Note a fact about the app, see ``play.exercise``; an empty text takes the note back."""
        self._notes.remark(name, text)

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
        agent: str = "",
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
            agent: The framework's name of the agent, if the adapter knows.
        """
        ending = ending or Ending()
        thought, text = split_reasoning(text)
        if ending.reasoning and ending.reasoning.strip():
            thought = f"{ending.reasoning}\n{thought}" if thought else ending.reasoning
        text = text if text.strip() else ending.refusal
        cause = self._cause(text, ending, calls)
        with self._lock:
            self._agents[actor] = agent if agent != actor else ""
            self._usage.add(actor, (input_tokens, output_tokens), cached=cached)
            name = self._agents[actor]
            if thought:
                self._boundary.append("reasoning", actor, thought, agent=name)
            self.message(actor, text)
            if cause is not None:
                self._boundary.append("ending", actor, ending_text(cause), agent=name)
            self._last[actor] = LastTurn(text, calls, cause)
            self._notes.turn(actor, calls, offered)

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
        return self._usage.check_tokens(reported)

    def throttled(self) -> None:
        """Count an answer in which a provider says that it is busy."""
        with self._lock:
            self._usage.throttled += 1

    def message(self, actor: str, text: str) -> None:
        """Record a message; an empty message is not recorded."""
        if text.strip():
            self._boundary.append("message", actor, text, agent=self._agents.get(actor, ""))

    def nudge(self, text: str, *, sent: bool = True) -> None:
        """Record a nudge, or why none was sent."""
        self._boundary.append("nudge", OPERATOR, text, ok=sent)

    def call(
        self,
        actor: str,
        tool: str,
        args: Mapping[str, Any] | str,
        call_id: str | None = None,
        refusal: str = "",
    ) -> str:
        """Carry out a tool call in the world and return the answer that the caller is shown.

        Args:
            actor: The role that calls.
            tool: The tool's name; a call to an unknown tool is recorded and answered with an error.
            args: The arguments, or the string that is not a JSON object.
            call_id: The framework's id for the call, if it has one.
            refusal: Why a person did not approve the call, which is then not carried out.
        """
        args, tool = sanitize_args(args), self._name(tool)
        boundary = self._boundary
        with self._lock:
            if boundary.closed:
                return "Error: the trial is over"
            self._notes.call(actor)
            plan = self._plan(actor, tool, args)
            intended = (*plan.effects, *plan.denied)
            agent = self._agents.get(actor, "")
            event, decision = boundary.call(
                actor, tool, args, call_id, effects=intended, agent=agent
            )
            decision = boundary.resolve(event, decision)
            if decision.action != "allow":
                return self._answer(actor, tool, decision.message)
            if refusal:
                plan = ToolPlan(refusal, ok=False)
            effects = self._carry_out(actor, plan.effects if plan.ok else ())
            boundary.record_result(event, plan.text, effects=effects, ok=plan.ok)
            return self._answer(actor, tool, plan.text)

    def _carry_out(self, actor: str, effects: tuple[Effect, ...]) -> tuple[Effect, ...]:
        """Apply effects to the world, or to a member's copy of it; return those that came about."""
        if self._branch(actor) is not None and self.panel is not None:
            effects = self.panel.take(actor, effects)
        for effect in effects:
            self.world = apply(self.world, effect, actor)
        return effects

    def _branch(self, actor: str) -> World | None:
        """Return the copy of the world in which a member of the panel acts."""
        open_panel = self.panel if self.panel is not None and self.panel.open else None
        return open_panel.worlds.get(actor) if open_panel is not None else None

    def count_votes(self) -> str:
        """Carry out what a majority of the panel did; return what that is."""
        with self._lock:
            if self.panel is None or self._boundary.closed:
                return ""
            decided = self.panel.decision()
            event, decision = self._boundary.call(PANEL, "count_votes", {}, None, effects=decided)
            decision = self._boundary.resolve(event, decision)
            if decision.action != "allow":
                return decision.message
            acts = "; ".join(f"{e.verb} {e.target}" for e in decided) or "nothing"
            text = f"The panel decided: {acts}"
            effects = self._carry_out(PANEL, decided)
            self._boundary.record_result(event, text, effects=effects)
            return text

    def intended(self, actor: str, tool: str, args: Mapping[str, Any] | str) -> tuple[Effect, ...]:
        """Return the effects that a call would have now, without making it."""
        plan = self._plan(actor, self._name(tool), sanitize_args(args))
        return (*plan.effects, *plan.denied)

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
                agent = self._agents.get(actor, "")
                event, _ = self._boundary.call(actor, tool, args, None, agent=agent)
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
            world = self._branch(actor)
            return tool_object.run(self.world if world is None else world, args, actor)
        except Exception as error:  # noqa: BLE001 - a real tool that fails answers with an error, too
            return ToolPlan(f"Error: {tool} failed: {type(error).__name__}: {error}", ok=False)
