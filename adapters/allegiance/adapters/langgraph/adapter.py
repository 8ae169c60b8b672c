"""The LangGraph adapter: a pipeline of hand-written nodes, a supervisor, and a swarm.

In each of them the peer takes part: it speaks first, and the critic judges it in its presence. If
the condition has no peer in the conversation, an intake node says that the material is in place.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, ClassVar
from uuid import uuid4

from langchain.agents import create_agent
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph.types import Command

from allegiance.adapters.langchain.adapter import build_app, check_app, converse, run
from allegiance.adapters.langchain.roles import native_tools, role_model
from allegiance.adapters.langgraph import GROUPS, LIVE, PACKAGES, PATTERNS
from allegiance.adapters.langgraph.patterns import approval
from allegiance.play.adapter import Setup
from allegiance.play.session import CRITIC, OPERATOR, PEER, Session
from allegiance.play.session import session as current
from allegiance.scenario.cast import GREETING
from allegiance.scenario.script import Call, Turn

WORKER = "worker"


class LangGraph:
    """Plays ``pipeline``, ``supervisor`` and ``swarm``, or a user's own graph as ``app``."""

    name = "langgraph"
    patterns: ClassVar[tuple[str, ...]] = PATTERNS
    live: ClassVar[tuple[str, ...]] = LIVE
    groups: ClassVar[tuple[str, ...]] = GROUPS
    packages: ClassVar[tuple[str, ...]] = PACKAGES

    def prepare(self, setup: Setup) -> Any:
        """Compile the graph, which serves all trials of the configuration."""
        if setup.pattern == "app":
            check_app(setup)
            return None
        if setup.pattern in GROUPS:
            name = f"allegiance.adapters.langgraph.patterns.{setup.pattern}"
            return import_module(name).build(setup)
        return {"pipeline": _pipeline, "supervisor": _supervisor, "swarm": _swarm}[setup.pattern](
            setup
        )

    async def play(self, setup: Setup, prepared: Any, session: Session) -> None:
        """Play one trial."""
        if setup.pattern in ("approval", "sessions"):
            await _play_on_a_thread(setup, prepared, session)
            return
        graph = prepared if prepared is not None else build_app(setup)
        if setup.pattern in GROUPS:
            await run(graph, setup.stage.task, session)
            return
        critic, peer = session.script_players.get(CRITIC), session.script_players.get(PEER)
        if setup.pattern == "supervisor" and critic is not None:
            critic.open_with(Turn(calls=(Call(f"transfer_to_{WORKER}", {}),)))
        if setup.pattern == "swarm" and peer is not None:
            peer.close_with(Call(f"transfer_to_{CRITIC}", {}))
        if setup.pattern == "swarm":
            await _play_swarm(graph, setup.stage.task, session)
        else:
            await converse(graph, setup.stage.task, session)


async def _play_on_a_thread(setup: Setup, graph: Any, session: Session) -> None:
    """Play a pattern whose graph is run several times on one thread of its checkpointer."""
    thread = uuid4().hex
    try:
        if setup.pattern == "sessions":
            await run(graph, GREETING, session, thread=thread)
        final = await run(graph, setup.stage.task, session, thread=thread)
        while setup.pattern == "approval" and (waiting := final.get("__interrupt__")):
            answers = approval.answers(setup, waiting[0].value)
            final = await run(graph, Command(resume=answers), session, thread=thread)
    finally:
        graph.checkpointer.delete_thread(thread)


async def _play_swarm(graph: Any, task: str, session: Session) -> None:
    final = await run(graph, task, session)
    # if the peer did not hand over, the operator gives the floor to the critic
    text = None if final.get("active_agent") == CRITIC else "Go ahead, critic."
    while text := text or session.nudge():
        final = await run(graph, text, session, history=final["messages"], active_agent=CRITIC)
        text = None


def _intake(setup: Setup) -> str:
    """Record and return the line that replaces a peer which takes no part."""
    text = setup.stage.text("handover")
    current().recorder.message("intake", text)
    return text


def _has_peer(setup: Setup) -> bool:
    return setup.stage.condition.peer_conduct != "absent"


def _pipeline(setup: Setup) -> Any:
    """Return a graph of worker, critic with its tools, and operator, as a user would write it."""
    stage = setup.stage
    tools = native_tools(stage.tools, CRITIC)
    critic_model = role_model(setup.roles.critic, CRITIC).bind_tools(tools)
    peer_model = role_model(setup.roles.peer, PEER)
    system = SystemMessage(stage.system)

    async def worker(state: MessagesState) -> dict[str, Any]:
        if not _has_peer(setup):
            return {"messages": [HumanMessage(_intake(setup), name="intake")]}
        prompt = [SystemMessage(stage.text("peer")), HumanMessage("Hand over your material.")]
        answer = await peer_model.ainvoke(prompt)
        return {"messages": [HumanMessage(answer.text, name=PEER)]}

    async def critic(state: MessagesState) -> dict[str, Any]:
        # the request is about the worker's message, so it comes after that message
        task, handover, *turns = state["messages"]
        answer = await critic_model.ainvoke([system, handover, task, *turns])
        if not answer.tool_calls and (question := current().nudge()):
            return {"messages": [answer, HumanMessage(question, name=OPERATOR)]}
        return {"messages": [answer]}

    async def operator(state: MessagesState) -> dict[str, Any]:
        current().recorder.message(OPERATOR, "The report is filed.")
        return {"messages": [HumanMessage("The report is filed.", name=OPERATOR)]}

    def after_critic(state: MessagesState) -> str:
        last = state["messages"][-1]
        if isinstance(last, HumanMessage):
            return CRITIC  # it was nudged
        return "tools" if isinstance(last, AIMessage) and last.tool_calls else OPERATOR

    graph = StateGraph(MessagesState)
    graph.add_node(WORKER, worker)
    graph.add_node(CRITIC, critic)
    graph.add_node("tools", ToolNode(tools, handle_tool_errors=True))
    graph.add_node(OPERATOR, operator)
    graph.add_edge(START, WORKER)
    graph.add_edge(WORKER, CRITIC)
    graph.add_conditional_edges(CRITIC, after_critic, ["tools", CRITIC, OPERATOR])
    graph.add_edge("tools", CRITIC)
    graph.add_edge(OPERATOR, END)
    return graph.compile()


def _worker(setup: Setup, tools: list[Any]) -> Any:
    return create_agent(
        model=role_model(setup.roles.peer, PEER),
        tools=tools,
        system_prompt=setup.stage.text("peer"),
        name=WORKER,
    )


def _supervisor(setup: Setup) -> Any:
    """Return a graph in which the critic supervises the worker and then judges it."""
    from langgraph_supervisor import create_supervisor

    def intake(state: MessagesState) -> dict[str, Any]:
        return {"messages": [AIMessage(_intake(setup), name=WORKER)]}

    if _has_peer(setup):
        worker = _worker(setup, [])
    else:
        graph = StateGraph(MessagesState)
        graph.add_node("intake", intake)
        graph.add_edge(START, "intake")
        worker = graph.compile(name=WORKER)
    return create_supervisor(
        [worker],
        model=role_model(setup.roles.critic, CRITIC),
        tools=list[Any](native_tools(setup.stage.tools, CRITIC)),
        prompt=f"{setup.stage.system}\n\nYou supervise {WORKER}: first have it hand its material "
        f"over, by transfer_to_{WORKER}.",
        supervisor_name=CRITIC,
    ).compile()


def _swarm(setup: Setup) -> Any:
    """Return a graph in which worker and critic hand the conversation over to each other."""
    from langgraph_swarm import SwarmState, create_handoff_tool, create_swarm

    def intake(state: SwarmState) -> Command[Any]:
        message = HumanMessage(_intake(setup), name="intake")
        update = {"messages": [message], "active_agent": CRITIC}
        return Command(goto=CRITIC, graph=Command.PARENT, update=update)

    if _has_peer(setup):
        worker = _worker(setup, [create_handoff_tool(agent_name=CRITIC)])
    else:
        graph = StateGraph(SwarmState)
        graph.add_node("intake", intake)
        graph.add_edge(START, "intake")
        worker = graph.compile(name=WORKER)
    critic = create_agent(
        model=role_model(setup.roles.critic, CRITIC),
        tools=[*native_tools(setup.stage.tools, CRITIC), create_handoff_tool(agent_name=WORKER)],
        system_prompt=setup.stage.system,
        name=CRITIC,
    )
    return create_swarm([worker, critic], default_active_agent=WORKER).compile()


ADAPTER = LangGraph()
