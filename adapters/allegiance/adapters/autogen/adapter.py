"""The AutoGen adapter: an assistant, and teams by round robin, selector, swarm and graph.

In each team the peer takes part: it speaks first, and the critic judges it in its presence. If the
condition has no peer in the conversation, an intake agent says that the material is in place. The
selector team decides who speaks next by a ``selector_func`` and not by a model, as production teams
do when the order matters. Teams are stateful, so every trial gets a new one.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from itertools import pairwise
from typing import Any, ClassVar

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.base import ChatAgent, TaskRunner, Team
from autogen_agentchat.conditions import SourceMatchTermination, TextMessageTermination
from autogen_agentchat.messages import (
    BaseAgentEvent,
    BaseChatMessage,
    HandoffMessage,
)
from autogen_agentchat.teams import (
    DiGraphBuilder,
    GraphFlow,
    RoundRobinGroupChat,
    SelectorGroupChat,
    Swarm,
)

from allegiance.adapters.autogen import GROUPS, LIVE, PACKAGES, PATTERNS
from allegiance.adapters.autogen.agents import Attributed, Critic, Line
from allegiance.adapters.autogen.models import inner_client
from allegiance.adapters.autogen.own_models import note_own_models
from allegiance.adapters.autogen.patterns import (
    approval,
    debate,
    dialogue,
    overseer,
    panel,
    reciprocal,
    revision,
    sessions,
)
from allegiance.adapters.autogen.patterns._parts import INTAKE, Parts
from allegiance.adapters.autogen.roles import RoleClient
from allegiance.adapters.autogen.tools import Latch, native_tools
from allegiance.errors import UserError
from allegiance.play.adapter import Kit, Setup, unwrap
from allegiance.play.own_models import call_build
from allegiance.play.session import CRITIC, OPERATOR, PEER, Session
from allegiance.scenario.script import Call

STATELESS = "the app is neither an agent nor a team, which keep a conversation between runs"


class AutoGen:
    """Plays ``assistant`` and four teams, or a user's own agent or team as ``app``."""

    name = "autogen"
    patterns: ClassVar[tuple[str, ...]] = PATTERNS
    live: ClassVar[tuple[str, ...]] = LIVE
    groups: ClassVar[tuple[str, ...]] = GROUPS
    packages: ClassVar[tuple[str, ...]] = PACKAGES

    def prepare(self, setup: Setup) -> Any:
        """Return the clients of real models by role; each trial builds its own agents."""
        return {role: inner_client(setup.roles.model(role)) for role in setup.cast}

    async def play(self, setup: Setup, prepared: Any, session: Session) -> None:
        """Play one trial."""
        latch = Latch()
        models = setup.roles.model
        clients = {
            role: RoleClient(role, inner, latch, models(role)) for role, inner in prepared.items()
        }
        parts = Parts(setup, clients, latch, session)
        try:
            app = _BUILDERS.get(setup.pattern, _user_app)(parts)
            await _PLAYS.get(setup.pattern, _play)(parts, app)
        except Exception:
            if latch.error is None:
                raise
        if latch.error is not None:
            raise latch.error


async def _play(parts: Parts, app: Any) -> None:
    """Run an app on the task."""
    await parts.run(app, parts.setup.stage.task)


async def _play_app(parts: Parts, app: Any) -> None:
    """Run a user's app on the task, and then on every nudge that is due."""
    app, inputs = unwrap(app)
    form = inputs or str
    await parts.run(app, form(parts.setup.stage.task))
    obstacle = "" if isinstance(app, ChatAgent | Team) else STATELESS
    while text := parts.session.nudge(obstacle):
        await parts.run(app, form(text))


async def _play_swarm(parts: Parts, app: Any) -> None:
    """Run a swarm; if the peer does not hand over, the operator gives the floor to the critic."""
    peer = parts.session.script_players.get(PEER)
    if peer is not None:
        peer.close_with(Call(f"transfer_to_{CRITIC}", {}))
    result = await parts.run(app, parts.setup.stage.task)
    if result.messages[-1].source != CRITIC:
        floor = HandoffMessage(source=OPERATOR, target=CRITIC, content="Go ahead, critic.")
        await parts.run(app, floor)


def _critic(parts: Parts, **more: Any) -> AssistantAgent:
    return Critic(
        CRITIC,
        parts.clients[CRITIC],
        description="Judges the material with its tools.",
        system_message=parts.setup.stage.system,
        tools=parts.tools,
        max_tool_iterations=parts.session.max_turns + 1,  # the default of 1 ends after one call
        **more,
    )


def _first(parts: Parts, **more: Any) -> ChatAgent:
    """Return the live peer, or the intake agent that stands in for it."""
    stage = parts.setup.stage
    if stage.condition.peer_conduct == "absent":
        return Line(INTAKE, stage.text("handover"), CRITIC if "handoffs" in more else None)
    return AssistantAgent(
        PEER,
        parts.clients[PEER],
        description="Hands its material over.",
        system_message=stage.text("peer"),
        **more,
    )


def _trio(parts: Parts) -> list[ChatAgent | Team]:
    return [_first(parts), _critic(parts), Line(OPERATOR, "The report is filed.")]


def _round_robin(parts: Parts) -> TaskRunner:
    return RoundRobinGroupChat(
        _trio(parts), termination_condition=SourceMatchTermination([OPERATOR])
    )


def _selector(parts: Parts) -> TaskRunner:
    cast = _trio(parts)
    first, critic, operator = (agent.name for agent in cast)
    after = {first: critic, critic: operator}

    def choose(thread: Sequence[BaseAgentEvent | BaseChatMessage]) -> str:
        return after.get(thread[-1].source, first)

    return SelectorGroupChat(
        cast,
        model_client=parts.clients[CRITIC],  # required, but never called
        selector_func=choose,
        termination_condition=SourceMatchTermination([OPERATOR]),
    )


def _graph_flow(parts: Parts) -> TaskRunner:
    cast: list[Any] = _trio(parts)
    graph = DiGraphBuilder()
    for agent in cast:
        graph.add_node(agent)
    for source, target in pairwise(cast):
        graph.add_edge(source, target)
    return GraphFlow(participants=cast, graph=graph.build())


def _swarm(parts: Parts) -> TaskRunner:
    first = _first(parts, handoffs=[CRITIC], model_context=Attributed(PEER))
    critic = _critic(parts, handoffs=[first.name], model_context=Attributed(CRITIC))
    # not on any text message, since the task is a text message, too
    spoken = TextMessageTermination(PEER) | TextMessageTermination(CRITIC)
    return Swarm([first, critic], termination_condition=spoken)


def _user_app(parts: Parts) -> Any:
    """Build the user's own app for one trial."""
    setup = parts.setup
    if setup.build is None:
        raise UserError("pattern 'app' needs --app package.module:build")
    kit = Kit.of(
        setup.stage,
        parts.clients.__getitem__,
        lambda tools, role: native_tools(tools, role, parts.latch),
        setup.cast,
    )
    app = call_build(setup.build, kit)
    runner: TaskRunner = unwrap(app)[0]
    if isinstance(runner, type) or not callable(getattr(runner, "run", None)):
        kind = (
            f"the class {runner.__name__!r}"
            if isinstance(runner, type)
            else repr(type(runner).__name__)
        )
        raise UserError(
            f"build(kit) returned {kind}; it must return an AssistantAgent, a team, or another "
            "object with run(task=..., cancellation_token=...)"
        )
    note_own_models(runner, parts.session)
    return app


_GROUPS: dict[str, Any] = {
    "dialogue": dialogue,
    "revision": revision,
    "panel": panel,
    "debate": debate,
    "reciprocal": reciprocal,
    "overseer": overseer,
    "approval": approval,
    "sessions": sessions,
}
_BUILDERS: dict[str, Callable[[Parts], Any]] = {
    "assistant": _critic,
    "round_robin": _round_robin,
    "selector": _selector,
    "swarm": _swarm,
    "graph_flow": _graph_flow,
    **{name: module.build for name, module in _GROUPS.items()},
}
_PLAYS: dict[str, Callable[[Parts, Any], Coroutine[Any, Any, None]]] = {
    "app": _play_app,
    "swarm": _play_swarm,
    "reciprocal": reciprocal.play,
    "sessions": sessions.play,
}

ADAPTER = AutoGen()
