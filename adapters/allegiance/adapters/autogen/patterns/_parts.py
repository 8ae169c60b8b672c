"""What the teams of all patterns are made of: agents in a role, and the way a team is run."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.base import ChatAgent, TaskResult, TaskRunner
from autogen_agentchat.messages import BaseChatMessage
from autogen_core import CancellationToken

from allegiance.adapters.autogen.agents import Attributed, Critic, Line
from allegiance.adapters.autogen.roles import RoleClient
from allegiance.adapters.autogen.tools import Latch, native_tools
from allegiance.play.adapter import Setup
from allegiance.play.session import CRITIC, PEER, Session

INTAKE = "intake"
HAND_OVER = "Hand over your material."
GRACE = 3.0
"""Seconds that a cancelled app has to stop before the next, rougher way to stop it is tried."""


@dataclass(frozen=True)
class Parts:
    """Everything that an app is built from."""

    setup: Setup
    clients: Mapping[str, RoleClient]
    latch: Latch
    session: Session

    @property
    def tools(self) -> list[Any]:
        """The critic's tools."""
        return [*native_tools(self.setup.stage.tools, CRITIC, self.latch)]

    def agent(
        self,
        role: str,
        kind: type[AssistantAgent] = AssistantAgent,
        *,
        request: str | None = None,
        **more: Any,
    ) -> AssistantAgent:
        """Return the agent of a role, whose name is the role.

        Args:
            role: The role.
            kind: The class of the agent.
            request: What it is shown in place of the team's request, see ``Attributed``.
            more: Further arguments of the class.
        """
        cast = self.setup.cast[role]
        return kind(
            role,
            self.clients[role],
            description=f"The {role}.",
            system_message=cast.instructions,
            tools=[*native_tools(cast.tools, role, self.latch)],
            max_tool_iterations=self.session.max_turns + 1,  # the default of 1 ends after one call
            model_context=Attributed(role, request),
            **more,
        )

    def critic(self, **more: Any) -> AssistantAgent:
        """Return the critic, which is asked what is left to do when it stops early."""
        return self.agent(CRITIC, Critic, **more)

    def first(self) -> ChatAgent:
        """Return the agent that speaks first: the peer, or an intake in its place."""
        if self.setup.cast[PEER].required:
            return self.agent(PEER, request=HAND_OVER)
        return Line(INTAKE, self.setup.stage.text("handover"))

    async def run(self, app: TaskRunner, task: str | BaseChatMessage) -> TaskResult:
        """Run an app to its end."""
        return await run(app, task, self.latch)


async def run(app: TaskRunner, task: str | BaseChatMessage, latch: Latch) -> TaskResult:
    """Run an app to its end; if this task is cancelled, stop the app first.

    A team whose task is cancelled goes on until it is idle, and an agent whose tool is cancelled by
    the app's token waits for the tool for ever. So the models are stopped first, then the rest.
    """
    token = CancellationToken()
    running = asyncio.create_task(app.run(task=task, cancellation_token=token))
    running.add_done_callback(
        lambda task: task.cancelled() or task.exception()
    )  # so that asyncio does not report it
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        for cancel in (latch.stop.cancel, token.cancel, running.cancel):
            cancel()
            await asyncio.wait([running], timeout=GRACE)
            if running.done():
                break
        raise
