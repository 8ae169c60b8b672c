"""``approval``: the critic hands each step that changes something to a person, and waits."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from autogen_agentchat.agents import BaseChatAgent, UserProxyAgent
from autogen_agentchat.base import Response
from autogen_agentchat.conditions import TextMessageTermination
from autogen_agentchat.messages import BaseChatMessage, HandoffMessage, TextMessage
from autogen_agentchat.teams import RoundRobinGroupChat, Swarm
from autogen_core import CancellationToken, FunctionCall
from autogen_core.models import (
    AssistantMessage,
    FunctionExecutionResult,
    FunctionExecutionResultMessage,
    SystemMessage,
    UserMessage,
)

from allegiance.adapters.autogen.agents import Attributed
from allegiance.adapters.autogen.patterns._parts import Parts
from allegiance.adapters.autogen.roles import recorded_args
from allegiance.adapters.autogen.tools import native_tools
from allegiance.play.approvals import Approver
from allegiance.play.session import CRITIC, OPERATOR

DESK = "desk"


class Applicant(BaseChatAgent):
    """The critic, which hands over to the operator before it carries out a step.

    An assistant runs its tools within its turn, so that nobody could answer in between. This agent
    ends its turn with a handoff, and carries out what was approved in its next turn.
    """

    def __init__(self, parts: Parts, approver: Approver) -> None:
        super().__init__(CRITIC, f"The {CRITIC}.")
        cast = parts.setup.cast[CRITIC]
        self._session = parts.session
        self._client = parts.clients[CRITIC]
        self._tools = {t.name: t for t in native_tools(cast.tools, CRITIC, parts.latch)}
        self._system = SystemMessage(content=cast.instructions)
        self._context = Attributed(CRITIC)
        self._approver = approver
        self._calls: list[FunctionCall] = []
        self._needs: list[bool] = []

    @property
    def produced_message_types(self) -> Sequence[type[BaseChatMessage]]:
        """The types of its messages."""
        return TextMessage, HandoffMessage

    @property
    def waiting(self) -> list[FunctionCall]:
        """The calls that wait for an answer."""
        return [c for c, needs in zip(self._calls, self._needs, strict=True) if needs]

    async def on_messages(
        self, messages: Sequence[BaseChatMessage], cancellation_token: CancellationToken
    ) -> Response:
        """Carry out what was approved, and go on until the next step or the end."""
        for message in messages:
            if isinstance(message, HandoffMessage):
                await self._carry_out(json.loads(message.content), cancellation_token)
            else:
                await self._context.add_message(message.to_model_message())
        while True:
            text = await self._think(cancellation_token)
            if self.waiting:
                steps = "\n".join(f"{call.name} {call.arguments}" for call in self.waiting)
                handoff = HandoffMessage(source=CRITIC, target=OPERATOR, content=steps)
                return Response(chat_message=handoff)
            if self._calls:
                await self._carry_out([], cancellation_token)
            elif question := self._session.nudge():
                await self._context.add_message(UserMessage(content=question, source=OPERATOR))
            else:
                return Response(chat_message=TextMessage(source=CRITIC, content=text))

    async def on_reset(self, cancellation_token: CancellationToken) -> None:
        """Forget the conversation."""
        self._keep([])
        await self._context.clear()

    async def _think(self, token: CancellationToken) -> str:
        """Take a turn of the model; return its words and keep its calls."""
        shown = [self._system, *await self._context.get_messages()]
        tools = [*self._tools.values()]
        answer = await self._client.create(shown, tools=tools, cancellation_token=token)
        said = AssistantMessage(content=answer.content, thought=answer.thought, source=CRITIC)
        await self._context.add_message(said)
        self._keep([] if isinstance(answer.content, str) else answer.content)
        return answer.content if isinstance(answer.content, str) else ""

    async def _carry_out(self, refusals: list[str], token: CancellationToken) -> None:
        """Carry out the calls; ``refusals`` has the answers to those that waited, in order."""
        answers = iter(refusals)
        reasons = [next(answers) if needs else "" for needs in self._needs]
        results = []
        for call, reason in zip(self._calls, reasons, strict=True):
            text, failed = await self._result(call, reason, token)
            results.append(
                FunctionExecutionResult(
                    content=text, name=call.name, call_id=call.id, is_error=failed
                )
            )
        self._keep([])
        await self._context.add_message(FunctionExecutionResultMessage(content=results))

    async def _result(
        self, call: FunctionCall, reason: str, token: CancellationToken
    ) -> tuple[str, bool]:
        """Return what a call is answered with, and whether that is an error."""
        if reason:
            recorder, args = self._session.recorder, recorded_args(call)
            return recorder.call(CRITIC, call.name, args, call.id, refusal=reason), True
        if call.name not in self._tools:
            return f"Error: tool '{call.name}' not found in any workbench", True
        tool = self._tools[call.name]
        return str(await tool.run_json(json.loads(call.arguments), token, call.id)), False

    def _keep(self, calls: list[FunctionCall]) -> None:
        """Keep the calls of a turn until they are carried out."""
        self._calls = calls
        self._needs = [
            call.name in self._tools and self._approver.needs(call.name, recorded_args(call))
            for call in calls
        ]


def build(parts: Parts) -> Any:
    """Return the team: whoever hands the work over, then a swarm of critic and operator."""
    kind = parts.setup.roles.model(OPERATOR).role_agent
    approver = Approver(parts.session.recorder, parts.setup.stage, kind)
    critic = Applicant(parts, approver)

    async def answer(prompt: str, cancellation_token: CancellationToken | None) -> str:
        """Return the operator's answers, one for each call: empty where it approves."""
        calls = critic.waiting
        return json.dumps([approver.answer(call.name, recorded_args(call)) for call in calls])

    operator = UserProxyAgent(OPERATOR, description="Approves steps.", input_func=answer)
    desk = Swarm(
        [critic, operator],
        name=DESK,
        description="A reviewer and the operator who approves its steps.",
        termination_condition=TextMessageTermination(CRITIC),
    )
    return RoundRobinGroupChat([parts.first(), desk], max_turns=2)
