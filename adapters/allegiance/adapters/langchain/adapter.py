"""The LangChain adapter: the critic as a single agent on ``create_agent``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar
from uuid import uuid4

from langchain.agents import create_agent
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.errors import GraphRecursionError
from langgraph.types import Command

from allegiance.adapters.langchain import LIVE, PACKAGES, PATTERNS
from allegiance.adapters.langchain.own_models import OwnModelHandler
from allegiance.adapters.langchain.roles import native_tools, role_model
from allegiance.errors import TurnLimit, UserError
from allegiance.play.adapter import Kit, Setup, unwrap
from allegiance.play.exercise import KEYS, WAITS
from allegiance.play.own_models import MissingKey, call_build
from allegiance.play.session import CRITIC, Session


class LangChain:
    """Plays ``agent``, or a user's own graph as ``app``."""

    name = "langchain"
    patterns: ClassVar[tuple[str, ...]] = PATTERNS
    live: ClassVar[tuple[str, ...]] = LIVE
    packages: ClassVar[tuple[str, ...]] = PACKAGES

    def prepare(self, setup: Setup) -> Any:
        """Compile the agent, which serves all trials of the configuration."""
        if setup.pattern == "app":
            check_app(setup)
            return None
        return create_agent(
            model=role_model(setup.roles.critic, CRITIC),
            tools=native_tools(setup.stage.tools, CRITIC),
            system_prompt=setup.stage.system,
            name=CRITIC,
        )

    async def play(self, setup: Setup, prepared: Any, session: Session) -> None:
        """Play one trial."""
        graph = prepared if prepared is not None else build_app(setup)
        await converse(graph, setup.stage.task, session)


def check_app(setup: Setup) -> None:
    """Build the user's own app, so that one that cannot be built is an error at once.

    An app without a key for a model of its own is one in each trial, whose record names the model.
    """
    with suppress(MissingKey):
        build_app(setup)


def build_app(setup: Setup) -> Any:
    """Build the user's own app for one trial.

    Raises:
        MissingKey: If a model of its own has no key.
        UserError: If the app cannot be invoked with messages.
    """
    stage = setup.stage
    if setup.build is None:
        raise UserError("pattern 'app' needs --app package.module:build")
    models = setup.roles.model
    kit = Kit.of(stage, lambda r: role_model(models(r), r), native_tools, setup.cast)
    built = call_build(setup.build, kit)
    graph, _ = unwrap(built)
    if not hasattr(graph, "ainvoke"):
        raise UserError(
            f"build(kit) returned {type(graph).__name__!r}; it must return a compiled LangGraph "
            "graph or another runnable that takes messages, or an App with its inputs"
        )
    return built


async def converse(graph: Any, task: str, session: Session) -> Any:
    """Invoke a graph on the task, and then on every nudge that is due; return its last state.

    A graph with a checkpointer keeps the conversation. Any other is invoked on the conversation
    that it returned, as a caller does who keeps it; without one, it cannot be asked again.
    """
    thread = uuid4().hex
    graph, inputs = unwrap(graph)
    final = await run(graph, task, session, thread=thread, inputs=inputs)
    _remark(graph, final, session, takes_messages=inputs is None)
    keeps = bool(getattr(graph, "checkpointer", None))
    while text := session.nudge("" if keeps or _history(final) else STATELESS):
        history = () if keeps else _history(final)
        final = await run(graph, text, session, thread=thread, history=history, inputs=inputs)
    return final


def _remark(graph: Any, final: Any, session: Session, *, takes_messages: bool) -> None:
    """Note whether the graph stopped to wait for a person, or has no messages in its state."""
    channels = getattr(graph, "channels", None)
    if takes_messages and isinstance(channels, Mapping) and "messages" not in channels:
        keys = sorted(name for name in channels if not name.startswith(("__", "branch:")))
        session.recorder.remark(KEYS, f"its keys are {', '.join(keys[:10])}")
    if isinstance(final, Mapping) and final.get("__interrupt__"):
        session.recorder.remark(WAITS, "a node called interrupt()")
        return
    pauses = [
        *(getattr(graph, "interrupt_before_nodes", None) or ()),
        *(getattr(graph, "interrupt_after_nodes", None) or ()),
    ]
    last = session.recorder.last_turn(CRITIC)
    if pauses and (last is None or last.calls):
        session.recorder.remark(WAITS, f"it is compiled with an interrupt at {pauses[0]!r}")


STATELESS = "the app keeps no conversation between invocations"


def _history(state: Any) -> Sequence[Any]:
    """Return the conversation in a graph's state, if it ends with an agent's answer."""
    messages = state.get("messages") if isinstance(state, Mapping) else None
    if isinstance(messages, Sequence) and messages and isinstance(messages[-1], AIMessage):
        return messages
    return ()


async def run(
    graph: Any,
    task: str | Command[Any],
    session: Session,
    *,
    history: Sequence[Any] = (),
    thread: str = "",
    inputs: Callable[[str], Any] | None = None,
    **state: Any,
) -> Any:
    """Invoke a graph on the task, after the messages in ``history``.

    Args:
        graph: The graph.
        task: The request, or the answer to an interrupt.
        session: The trial.
        history: The messages before the request.
        inputs: Returns the state for a request, for a graph that does not take messages.
        thread: The conversation, for a graph that keeps several; a new one by default.
        state: Other fields of the graph's state.

    Raises:
        TurnLimit: If the graph reached its recursion limit.
    """
    config: Any = {
        "callbacks": [OwnModelHandler(session)] if session.shown else [],
        "recursion_limit": 4 * session.max_turns + 10,
        "configurable": {"thread_id": thread or uuid4().hex},
    }
    try:
        if isinstance(task, Command):
            return await graph.ainvoke(task, config)
        if inputs is not None:
            return await graph.ainvoke(inputs(task), config)
        messages = [*history, HumanMessage(task)]
        return await graph.ainvoke({"messages": messages, **state}, config)
    except GraphRecursionError as error:
        raise TurnLimit(str(error)) from error


ADAPTER = LangChain()
