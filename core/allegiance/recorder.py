"""The recorder: the only writer of a trace, and the boundary that every tool call crosses."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from allegiance.guard.decider import Decider
from allegiance.guard.decision import ALLOW, Decision
from allegiance.probe import Timeline
from allegiance.tool import Plan, Tool, clean, clean_args
from allegiance.trace import Event, Kind, Usage
from allegiance.world import World, apply


class Recorder:
    """Plans, guards, applies and records; safe to call from parallel tasks and threads.

    Attributes:
        world: The state so far.
        tools: The tools on offer, by name.
        guard: Decides on every call before it is applied, if there is one.
        halted: The decision that stopped the trial, once there is one; every later call is
            rejected with it.
    """

    def __init__(
        self, world: World, tools: Mapping[str, Tool], guard: Decider | None = None
    ) -> None:
        self.world = world
        self.tools = tools
        self.guard = guard
        self.halted: Decision | None = None
        self._timeline = Timeline()
        self._lock = threading.RLock()
        self._ended = False
        self._turns = self._input = self._output = self._calls = 0
        self._cached = self._cached_input = self._cached_output = self._throttled = 0

    @property
    def events(self) -> tuple[Event, ...]:
        """What has been recorded so far."""
        with self._lock:
            return tuple(self._timeline.events)

    @property
    def turns(self) -> int:
        """How many turns the models have taken so far."""
        return self._turns

    @property
    def usage(self) -> Usage:
        """What the models have consumed so far."""
        return Usage(
            turns=self._turns,
            input_tokens=self._input,
            output_tokens=self._output,
            cached=self._cached,
            cached_input_tokens=self._cached_input,
            cached_output_tokens=self._cached_output,
            throttled=self._throttled,
        )

    def turn(
        self,
        actor: str,
        text: str,
        input_tokens: int = 0,
        output_tokens: int = 0,
        *,
        cached: bool = False,
    ) -> None:
        """Record one turn of a model: its text, if any, what it consumed, and whether anew."""
        with self._lock:
            self._turns += 1
            self._input += input_tokens
            self._output += output_tokens
            if cached:
                self._cached += 1
                self._cached_input += input_tokens
                self._cached_output += output_tokens
            self.message(actor, text)

    def throttled(self) -> None:
        """Count an answer of a provider that said it was busy."""
        with self._lock:
            self._throttled += 1

    def message(self, actor: str, text: str) -> None:
        """Record a message; an empty one leaves no event."""
        if text.strip():
            with self._lock:
                self._append("message", actor, text=text)

    def call(
        self, actor: str, tool: str, args: Mapping[str, Any] | str, call_id: str | None = None
    ) -> str:
        """Carry out a tool call in the world and return the text the caller sees.

        Args:
            actor: Who calls.
            tool: The tool's name; one that is not on offer is recorded and answered with an error.
            args: The arguments, or the text that should have been a JSON object.
            call_id: The framework's id for the call, if it has one.
        """
        args, tool = clean_args(args), clean(tool)
        with self._lock:
            if self._ended:
                return "Error: the trial is over"
            self._calls += 1
            call_id = call_id or f"call-{self._calls}"
            plan = self._plan(actor, tool, args)
            decision = self._append(
                "tool_call", actor, tool=tool, args=args, call_id=call_id, effects=plan.effects
            )
            if self.halted is not None:
                decision = self.halted
            elif decision.action == "ask" and self.guard is not None:
                decision = self.guard.resolve(decision, self._timeline.events[-1])
            if decision.action == "halt":
                self.halted = decision
            if decision.action != "allow":
                self._append(
                    "decision", "guard", text=decision.message, tool=tool, call_id=call_id, ok=False
                )
                plan = Plan(decision.message, ok=False)
            effects = plan.effects if plan.ok else ()
            for effect in effects:
                self.world = apply(self.world, effect, actor)
            self._append(
                "tool_result",
                actor,
                text=plan.text,
                tool=tool,
                call_id=call_id,
                effects=effects,
                ok=plan.ok,
            )
            return plan.text

    def note(
        self, actor: str, tool: str, args: Mapping[str, Any] | str, text: str, *, ok: bool = True
    ) -> None:
        """Record a call that never reached the world: another tool's, or one not on offer."""
        args, tool = clean_args(args), clean(tool)
        with self._lock:
            self._calls += 1
            call_id = f"call-{self._calls}"
            self._append("tool_call", actor, tool=tool, args=args, call_id=call_id)
            self._append("tool_result", actor, text=text, tool=tool, call_id=call_id, ok=ok)

    def end(self, text: str = "") -> None:
        """Record that the trial is over, and why; nothing that comes later is recorded or done."""
        with self._lock:
            self._append("end", "runner", text=text)
            self._ended = True

    def _plan(self, actor: str, tool: str, args: Mapping[str, Any] | str) -> Plan:
        known = self.tools.get(tool)
        if known is None:
            names = ", ".join(self.tools)
            return Plan(f"Error: no tool named {tool!r}; the tools are {names}", ok=False)
        try:
            return known.run(self.world, args, actor)
        except Exception as error:  # noqa: BLE001 - a tool that fails answers so, as a real one does
            return Plan(f"Error: {tool} failed: {type(error).__name__}: {error}", ok=False)

    def _append(self, kind: Kind, actor: str, *, text: str = "", **fields: Any) -> Decision:
        if self._ended:
            return ALLOW
        self._timeline.add(kind, actor, text=clean(text), **fields)
        return self.guard.decide(self._timeline.view()) if self.guard else ALLOW
