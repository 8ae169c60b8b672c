"""Native tools and the model in a role, for the LangChain and LangGraph adapters."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from typing import Any

os.environ["LANGSMITH_TRACING"] = os.environ["LANGCHAIN_TRACING_V2"] = "false"  # before import

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolCall
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import RunnableBinding
from langchain_core.tools import BaseTool, StructuredTool

from allegiance.adapters.langchain.answers import check_complete, read_end, write_answer
from allegiance.adapters.langchain.models import provider_model
from allegiance.adapters.langchain.own_models import marked
from allegiance.errors import UserError
from allegiance.play.answer import AS_TEXT
from allegiance.play.model_call import ModelRequest, Reply, acall_model, call_model
from allegiance.play.session import Session, session
from allegiance.play.tool_call import call_args, call_name
from allegiance.provider.endings import Ending
from allegiance.provider.retry import async_retrying, retrying
from allegiance.scenario.roles import Model
from allegiance.scenario.script import Turn
from allegiance.trace.text import sanitize
from allegiance.world.tool import Tool

_SHOWN = {"type", "content", "name", "tool_calls", "invalid_tool_calls", "tool_call_id", "status"}
"""The fields of a message that a model is shown; the others differ from trial to trial."""
_ORDINARY = Ending()
"""The end of a script's turn."""


def native_tools(tools: Sequence[Tool], actor: str) -> list[BaseTool]:
    """Return native tools that act in the world of the current trial.

    The schema is passed as JSON, so that the recorder answers wrong arguments.
    """
    return [_native(tool, actor) for tool in tools]


def _native(tool: Tool, actor: str) -> BaseTool:
    def run(**args: Any) -> str:
        text = args.get(AS_TEXT)
        return session().recorder.call(actor, tool.name, args if text is None else str(text))

    async def arun(**args: Any) -> str:
        return run(**args)

    return StructuredTool(
        name=tool.name,
        description=tool.description,
        args_schema=tool.schema,
        func=run,
        coroutine=arun,
    )


class RoleModel(BaseChatModel):
    """The model in a role: a script or any chat model, with its turns recorded and retried.

    Attributes:
        role: The role that the turns are recorded for.
        inner: The model that answers; None for a script.
        path: Provider path and name of that model.
        kept: Whether its answers may be stored in the cache.
        offered: The names of the tools that the model is offered.
    """

    role: str
    inner: Any = None
    path: str = ""
    kept: bool = False
    offered: frozenset[str] = frozenset()

    @property
    def _llm_type(self) -> str:
        return "allegiance-role"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Any:
        """Offer tools to the model."""
        names = frozenset(getattr(t, "name", None) or t["name"] for t in tools)
        inner = self.inner.bind_tools(tools, **kwargs) if self.inner is not None else None
        return self.model_copy(update={"inner": inner, "offered": names})

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: Any = None,
        **kwargs: Any,
    ) -> ChatResult:
        current = session()
        current.check_turns()
        current.check_prompt(self.role, lambda: _shown(messages), acts=bool(self.offered))
        if self.inner is not None:

            def call() -> AIMessage:
                return check_complete(self.inner.invoke(messages, marked(self.role), **kwargs))

            question = self._question(messages, kwargs)
            return self._record_reply(current, call_model(current, question, call), run_manager)

        def perform() -> AIMessage:
            turn = current.script_players[self.role].turn()
            time.sleep(turn.seconds)
            return self._scripted_message(turn, current)

        message = retrying(current.attempts, current.backoff)(perform)
        return self._record(current, message, _ORDINARY, run_manager)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: Any = None,
        **kwargs: Any,
    ) -> ChatResult:
        current = session()
        current.check_turns()
        current.check_prompt(self.role, lambda: _shown(messages), acts=bool(self.offered))
        if self.inner is not None:

            async def call() -> AIMessage:
                return check_complete(
                    await self.inner.ainvoke(messages, marked(self.role), **kwargs)
                )

            question = self._question(messages, kwargs)
            reply = await acall_model(current, question, call)
            return self._record_reply(current, reply, run_manager)

        player = current.script_players[self.role]
        if player.fails_next:

            async def perform() -> Turn:
                return player.turn()

            turn: Turn = await async_retrying(current.attempts, current.backoff)(perform)
        else:
            turn = player.turn()
        if turn.seconds:
            await asyncio.sleep(turn.seconds)
        message = self._scripted_message(turn, current)
        return self._record(current, message, _ORDINARY, run_manager)

    def _question(
        self, messages: Sequence[BaseMessage], options: dict[str, Any]
    ) -> ModelRequest[AIMessage]:
        def request() -> object:
            model: Any = self.inner
            arguments = options
            while isinstance(model, RunnableBinding):
                model, arguments = model.bound, {**model.kwargs, **arguments}
            shown = [message.model_dump(mode="json", include=_SHOWN) for message in messages]
            return ["langchain", self.role, model._get_llm_string(), arguments, shown]

        return ModelRequest(
            self.path, request, write_answer, AIMessage.model_validate_json, self.kept
        )

    def _scripted_message(self, turn: Turn, current: Session) -> AIMessage:
        """Return a turn as a message in the form that ``_carried`` gives to an answer."""
        turns = current.recorder.turns
        calls = [
            _tool_call(
                call.tool,
                {AS_TEXT: call.args} if isinstance(call.args, str) else call.args,
                f"{self.role}-{turns}-{n}",
            )
            for n, call in enumerate(turn.calls)
        ]
        return AIMessage(content=sanitize(turn.text), tool_calls=calls)

    def _record_reply(
        self, current: Session, reply: Reply[AIMessage], run_manager: Any
    ) -> ChatResult:
        ending = reply.ending or read_end(reply.answer)
        message = _carried(reply.answer)
        return self._record(current, message, ending, run_manager, cached=reply.cached)

    def _record(
        self,
        current: Session,
        message: AIMessage,
        ending: Ending,
        run_manager: Any,
        *,
        cached: bool = False,
    ) -> ChatResult:
        usage: Any = message.usage_metadata or {}
        recorder = current.recorder
        recorder.turn(
            self.role,
            message.content if isinstance(message.content, str) else message.text,
            usage.get("input_tokens"),
            usage.get("output_tokens"),
            cached=cached,
            ending=ending,
            agent=_agent(run_manager) if current.shown else "",
            calls=len(message.tool_calls),
            offered=self.offered,
        )
        for call in message.tool_calls:
            if call["name"] not in self.offered:
                text = f"Error: {call['name']} is not a valid tool"
                recorder.note(self.role, call["name"], call["args"], text, ok=False)
            elif call["name"] not in recorder.tools:
                recorder.note(self.role, call["name"], call["args"], "(a tool of the app's own)")
        return ChatResult(generations=[ChatGeneration(message=message)])


def _agent(run_manager: Any) -> str:
    """Return the name of the agent whose model is called, or of its node in a graph."""
    metadata = getattr(run_manager, "metadata", None) or {}
    return str(metadata.get("lc_agent_name") or metadata.get("langgraph_node") or "")


def _shown(messages: Sequence[BaseMessage]) -> str:
    """Return everything that a model is shown: the text of messages, and their other parts."""
    parts = [str(message.text) for message in messages]
    parts += [str(m.content) for m in messages if not isinstance(m.content, str)]
    return "\n".join(parts)


def _carried(message: AIMessage) -> AIMessage:
    """Return a message with calls that LangChain and a client can carry, see ``call_args``.

    An unreadable call reaches the tool, too, which answers with an error.
    """
    calls: list[Any] = [*message.tool_calls, *message.invalid_tool_calls]
    if not calls and isinstance(message.content, str):
        return message.model_copy(update={"content": sanitize(message.content)})
    update = {
        "content": sanitize(message.content),
        "tool_calls": [
            _tool_call(call.get("name"), call.get("args"), call.get("id") or f"call-{number}")
            for number, call in enumerate(calls)
        ],
        "invalid_tool_calls": [],
    }
    return message.model_copy(update=update)


def _tool_call(name: object, args: object, call_id: str) -> ToolCall:
    carried = call_args(args)
    return {
        "name": call_name(name),
        "args": {AS_TEXT: carried} if isinstance(carried, str) else carried,
        "id": call_id,
        "type": "tool_call",
    }


def role_model(model: Model, role: str) -> RoleModel:
    """Return the native model for a role.

    Raises:
        UserError: If the provider is unknown, its package is missing, or an object passed from
            Python is not a chat model.
    """
    if model.is_script:
        return RoleModel(role=role)
    path = f"{model.path} {model.spec}"
    if model.native is not None:
        if not isinstance(model.native, BaseChatModel):
            raise UserError(
                f"{model.spec!r} is a {type(model.native).__name__}, not a LangChain chat model"
            )
        return RoleModel(role=role, inner=model.native, path=path)
    return RoleModel(role=role, inner=provider_model(model), path=path, kept=True)
