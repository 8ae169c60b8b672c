"""Guards CrewAI: attached from outside by its scoped hooks, or for the process by its global hooks.

If a hook raises an exception, CrewAI lets the tool run; so these hooks catch every exception and
reject the call. This module does not change CrewAI's settings: it does not import
``adapters.crewai.home``, which does.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from contextvars import Token
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from crewai import BaseLLM
from crewai.events.stream_context import add_stream_sink, reset_stream_sinks
from crewai.events.types.tool_usage_events import (
    ToolUsageErrorEvent,
    ToolUsageEvent,
    ToolUsageFinishedEvent,
    ToolUsageStartedEvent,
)
from crewai.hooks import (
    ToolCallHookContext,
    register_after_llm_call_hook,
    register_after_tool_call_hook,
    register_before_tool_call_hook,
    unregister_after_llm_call_hook,
    unregister_after_tool_call_hook,
    unregister_before_tool_call_hook,
)
from crewai.hooks.dispatch import (
    InterceptionPoint,
    get_scoped_hooks,
    register,
    register_scoped,
    scoped_hooks,
    unregister,
)
from crewai.tools.tool_failure import ToolFailure

from allegiance.guard.decider import Decider
from allegiance.guard.guard import Guard
from allegiance.guard.recent import describe_error, put_bounded
from allegiance.guard.scope import ACTOR, CURRENT
from allegiance.guard.watch import CallRejected, Ticket, Watch


@dataclass(frozen=True)
class _Call:
    """A call between the hook before it and the hook after it.

    Attributes:
        args: The arguments: CrewAI passes the same object to both hooks, in one thread. While it is
            referenced, no other call can have an object with its id.
        token: Removes the sink that was added for this call.
        message: What the model is shown in place of an answer, if the call is rejected.
        ticket: The decision, if the call is allowed.
        answered: How CrewAI answers without running the tool: ``cache``, ``repeated``, ``limit``
            (the tool is used up), or an empty string if it runs the tool.
        actor: Resets the agent that tools inside this tool are recorded for.
    """

    args: Any
    token: Any
    message: str = ""
    ticket: Ticket | None = None
    answered: str = ""
    actor: Token[str] | None = None


class GuardHooks:
    """Hooks in a context: they record models' texts and decide whether tool calls may run.

    Args:
        watch: Records the run.
        attached: Whether the hooks act where the watch is attached, or only where no watch is.
    """

    def __init__(self, watch: Watch, *, attached: bool) -> None:
        self.watch = watch
        self._where = watch if attached else None
        self._calls: dict[tuple[int, int], _Call] = {}
        self._direct: dict[str, Ticket] = {}
        self._last = threading.local()

    def before(self, context: ToolCallHookContext) -> bool | None:
        """Decide on a call; return False to reject it, as CrewAI expects."""
        if CURRENT.get() is not self._where:
            return None
        args = context.tool_input
        token = add_stream_sink(self._hear)
        try:
            tool = _tool_name(context, self.watch.guard)
            ticket = self.watch.before(_actor(context.agent), tool, args)
            if ticket.allowed:
                _replace(args, ticket.args)
                actor = ACTOR.set(ticket.event.actor)
                call = _Call(args, token, "", ticket, _answered(context), actor)
            else:
                call = _Call(args, token, ticket.message)
        except Exception as error:  # noqa: BLE001 - CrewAI would let the tool run
            call = _Call(args, token, self._failed(error))
        put_bounded(self._calls, (threading.get_ident(), id(args)), call)
        return None if call.ticket else False

    def after(self, context: ToolCallHookContext) -> str | None:
        """Record how a call ended, or return the message of its rejection."""
        raised, self._last.event = getattr(self._last, "event", None), None
        call = self._calls.pop((threading.get_ident(), id(context.tool_input)), None)
        if call is None:
            return None
        if call.actor is not None:
            _leave(partial(ACTOR.reset, call.actor))
        if call.ticket is None:
            _leave(partial(reset_stream_sinks, call.token))
            return call.message
        try:
            _leave(partial(reset_stream_sinks, call.token))
            ok = not _refused(context)
            if isinstance(raised, ToolUsageErrorEvent) and raised.tool_name == context.tool_name:
                ok = False
            event = call.ticket.event
            if call.answered:  # no effects came about, but an answer from the cache is a success
                ok = ok and call.answered == "cache"
                event = event.model_copy(update={"effects": ()})
            settled = replace(call.ticket, event=event)
            self.watch.after(settled, str(context.tool_result), ok=ok)
        except Exception as error:  # noqa: BLE001 - noted; CrewAI would swallow it
            self._failed(error)
        return None

    def record_message(self, context: Any) -> None:
        """Record what a model says; CrewAI does not pass on text with tool calls."""
        if CURRENT.get() is not self._where:
            return
        try:
            self.watch.begin_turn()
            self.watch.message(_actor(context.agent), str(context.response or ""))
        except Exception as error:  # noqa: BLE001 - noted; CrewAI would swallow it
            self._failed(error)

    def decide_direct(self, source: Any, event: Any) -> None:
        """Decide on a function that a model's client runs itself.

        ``LLM.call(available_functions=...)`` calls no hook, but emits an event before the call and
        does not run the function if a listener raises an exception.

        Raises:
            CallRejected: If the call is rejected.
        """
        if not isinstance(source, BaseLLM) or CURRENT.get() is not self._where:
            return
        if isinstance(event, ToolUsageStartedEvent):
            try:
                actor = event.agent_role or "agent"
                ticket = self.watch.before(actor, event.tool_name, event.tool_args)
            except Exception as error:
                raise CallRejected(self._failed(error)) from error
            if not ticket.allowed:
                raise CallRejected(ticket.message)
            put_bounded(self._direct, event.event_id, ticket)
        elif ended := self._direct.pop(getattr(event, "started_event_id", None) or "", None):
            ok = isinstance(event, ToolUsageFinishedEvent)
            self.watch.after(ended, str(event.output if ok else getattr(event, "error", "")), ok=ok)

    def _hear(self, source: Any, event: Any) -> None:
        """Keep the last event about a tool in this thread, which may be that it raised an error."""
        if isinstance(event, ToolUsageEvent) and not isinstance(source, BaseLLM):
            self._last.event = event

    def _failed(self, error: Exception) -> str:
        failure = f"the guard failed: {describe_error(error)}"
        self.watch.guard.note_failure(failure)
        return f"Rejected: {failure}"


@contextmanager
def hook(watch: Watch, app: Any) -> Iterator[None]:
    """Guard every crew, flow and agent that runs in this context; the app is not needed.

    Scoped hooks run last and get the arguments that the tool will get. If an app has scoped hooks
    of its own, which hide those outside, global hooks take their place.
    """
    hooks = GuardHooks(watch, attached=True)
    tool_hooks: tuple[tuple[InterceptionPoint, Callable[[Any], Any]], ...] = (
        (InterceptionPoint.PRE_TOOL_CALL, hooks.before),
        (InterceptionPoint.POST_TOOL_CALL, hooks.after),
    )
    with ExitStack() as stack:
        scoped = scoped_hooks({p: get_scoped_hooks(p) for p in InterceptionPoint})
        scoped.__enter__()
        stack.callback(_leave, partial(scoped.__exit__, None, None, None))
        register_scoped(InterceptionPoint.POST_MODEL_CALL, hooks.record_message)
        for point, function in tool_hooks:
            register_scoped(point, function)
            stand_in = partial(_unless_scoped, point, function)
            register(point, stand_in)
            stack.callback(unregister, point, stand_in)
        for point in _ADOPTING:
            register(point, _adopt_scope)
            stack.callback(unregister, point, _adopt_scope)
        sink = add_stream_sink(hooks.decide_direct)
        stack.callback(_leave, partial(reset_stream_sinks, sink))
        yield


_ADOPTING = (InterceptionPoint.EXECUTION_START, InterceptionPoint.PRE_MODEL_CALL)


def _adopt_scope(context: Any) -> None:
    """Look up the watch before CrewAI starts threads: the lookup passes it on to them."""
    watch = CURRENT.get()
    if watch is not None:
        watch.begin_turn()


def _leave(reset: Callable[[], object]) -> None:
    """Reset a context variable; in another context it stays, and the hooks there do nothing."""
    with suppress(ValueError):
        reset()


@contextmanager
def guard_hooks(guard: Guard) -> Iterator[Watch]:
    """Guard every crew of the process, in any thread, by CrewAI's global hooks.

    All runs share one trace; attach the guard in the task of each run to get a trace for each run.
    If a guard is attached, that guard decides instead, once for each call.

    Args:
        guard: Decides on the calls.
    """
    watch = Watch(guard)
    guard.watches.append(watch)
    hooks = GuardHooks(watch, attached=False)
    with ExitStack() as stack:
        register_before_tool_call_hook(hooks.before)
        stack.callback(unregister_before_tool_call_hook, hooks.before)
        register_after_tool_call_hook(hooks.after)
        stack.callback(unregister_after_tool_call_hook, hooks.after)
        register_after_llm_call_hook(hooks.record_message)
        stack.callback(unregister_after_llm_call_hook, hooks.record_message)
        yield watch


def _unless_scoped(
    point: InterceptionPoint, function: Callable[[Any], Any], context: ToolCallHookContext
) -> Any:
    return None if function in get_scoped_hooks(point) else function(context)


def _replace(args: Any, judged: Any) -> None:
    """Make a call run with what was judged: CrewAI passes this same dictionary to the tool."""
    if args is not judged and isinstance(args, dict) and isinstance(judged, dict):
        args.clear()
        args.update(judged)


def _actor(agent: Any) -> str:
    return str(getattr(agent, "role", None) or "agent").strip()


def _tool_name(context: ToolCallHookContext, guard: Decider) -> str:
    """Return the tool's name as the model is shown it, or its original name if that is bound."""
    shown = context.tool_name
    own = str(getattr(context.tool, "name", shown))
    if own == shown or guard.binding_for(shown)[0] is not None:
        return shown
    return own if guard.binding_for(own)[0] is not None else shown


def _answered(context: ToolCallHookContext) -> str:
    """Return how CrewAI will answer a call itself, by the conditions that it checks next."""
    if context.tool is None:
        return ""
    handler = getattr(context.agent, "tools_handler", None)
    last = getattr(handler, "last_used_tool", None)
    if last and (last.tool_name, last.arguments) == (context.tool_name, context.tool_input):
        return "repeated"
    cache = getattr(handler, "cache", None)
    key = json.dumps(context.tool_input) if context.tool_input else ""
    if cache is not None and cache.read(tool=context.tool_name, input=key) is not None:
        return "cache"
    counted = getattr(context.tool, "_original_tool", None) or context.tool
    limit = getattr(counted, "max_usage_count", None)
    return "limit" if limit is not None and counted.current_usage_count >= limit else ""


def _refused(context: ToolCallHookContext) -> bool:
    """Tell whether a tool did not run, or reported a failure."""
    raw = context.raw_tool_result
    by_hook = f"Tool execution blocked by hook. Tool: {context.tool_name}"  # a later hook
    unknown = context.tool is None and raw == "Tool not found"
    return isinstance(raw, ToolFailure) or raw == by_hook or unknown
