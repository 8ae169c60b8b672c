"""The recorder: the only writer of a played trial's trace, and the way of every tool call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from allegiance.guard.boundary import ToolBoundary
from allegiance.guard.decider import Decider
from allegiance.guard.decision import Decision
from allegiance.play.tool_call import call_name
from allegiance.provider.usage import describe, token_count
from allegiance.trace.events import Event
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
        """Notes on what a provider sent and the record does not hold as it was sent."""
        if not self._bad_counts:
            return {}
        example = f"{self._bad_counts} recorded as 0, the first was {self._bad_count}"
        return {"unusable token counts": example}

    def turn(
        self,
        actor: str,
        text: str,
        input_tokens: object = 0,
        output_tokens: object = 0,
        *,
        cached: bool = False,
    ) -> None:
        """Record one turn of a model.

        Args:
            actor: The role whose turn it is.
            text: What the model says; may be empty.
            input_tokens: The tokens it read, as the provider reports them. What cannot be a number
                of tokens counts as 0 and makes a note.
            output_tokens: The tokens it wrote, likewise.
            cached: Whether the answer came from the cache, and cost nothing.
        """
        with self._lock:
            read, wrote = self.check_tokens(input_tokens), self.check_tokens(output_tokens)
            self._turns += 1
            self._input += read
            self._output += wrote
            if cached:
                self._cached += 1
                self._cached_input += read
                self._cached_output += wrote
            self.message(actor, text)

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
            plan = self._plan(actor, tool, args)
            event, decision = boundary.call(actor, tool, args, call_id, effects=plan.effects)
            decision = boundary.resolve(event, decision)
            if decision.action != "allow":
                return decision.message
            effects = plan.effects if plan.ok else ()
            for effect in effects:
                self.world = apply(self.world, effect, actor)
            boundary.record_result(event, plan.text, effects=effects, ok=plan.ok)
            return plan.text

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
