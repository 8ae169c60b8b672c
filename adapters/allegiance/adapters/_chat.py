"""What the LangChain and LangGraph adapters share: native tools and the model in a seat."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from typing import Any

os.environ["LANGSMITH_TRACING"] = os.environ["LANGCHAIN_TRACING_V2"] = "false"  # before import

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import BaseTool, StructuredTool

from allegiance.errors import UserError
from allegiance.models import PEER_SCRIPT, Model
from allegiance.retry import async_retrying, retrying
from allegiance.script import Turn
from allegiance.session import Session, session
from allegiance.tool import Tool

AS_TEXT = "arguments_as_text"
"""Stands for the arguments of a call that are not a JSON object, which the framework would drop."""


def native_tools(tools: Sequence[Tool], actor: str) -> list[BaseTool]:
    """Return tools that act in the world of whichever trial calls them.

    The schema is given as JSON, so that wrong arguments reach the recorder and are answered there.
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


class SeatModel(BaseChatModel):
    """The model in a seat: a performer's turns, or any chat model, recorded and retried.

    Attributes:
        seat: Whose turns these are in the trace.
        inner: The model that answers; none where a performer does.
        offered: The names of the tools on offer.
    """

    seat: str
    inner: Any = None
    offered: frozenset[str] = frozenset()

    @property
    def _llm_type(self) -> str:
        return "allegiance-seat"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Any:
        """Offer tools to the model."""
        names = frozenset(getattr(t, "name", None) or t["name"] for t in tools)
        inner = self.inner.bind_tools(tools, **kwargs) if self.inner is not None else None
        return SeatModel(seat=self.seat, inner=inner, offered=names)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: Any = None,
        **kwargs: Any,
    ) -> ChatResult:
        current = session()
        current.check_turns()

        def call() -> AIMessage:
            if self.inner is not None:
                return self.inner.invoke(messages, **kwargs)  # type: ignore[no-any-return]
            turn = current.performers[self.seat].turn()
            time.sleep(turn.seconds)
            return self._spoken(turn, current)

        return self._record(current, retrying(current.attempts, current.backoff)(call))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: Any = None,
        **kwargs: Any,
    ) -> ChatResult:
        current = session()
        current.check_turns()

        async def call() -> AIMessage:
            if self.inner is not None:
                return await self.inner.ainvoke(messages, **kwargs)  # type: ignore[no-any-return]
            turn = current.performers[self.seat].turn()
            if turn.seconds:
                await asyncio.sleep(turn.seconds)
            return self._spoken(turn, current)

        if self.inner is None and not current.performers[self.seat].fails_next:
            return self._record(current, await call())  # nothing to retry
        policy = async_retrying(current.attempts, current.backoff)
        return self._record(current, await policy(call))

    def _spoken(self, turn: Turn, current: Session) -> AIMessage:
        turns = current.recorder.turns
        calls = [
            {
                "name": call.tool,
                "args": {AS_TEXT: call.args} if isinstance(call.args, str) else dict(call.args),
                "id": f"{self.seat}-{turns}-{n}",
                "type": "tool_call",
            }
            for n, call in enumerate(turn.calls)
        ]
        return AIMessage(content=turn.text, tool_calls=calls)

    def _record(self, current: Session, message: AIMessage) -> ChatResult:
        if message.invalid_tool_calls:
            message = message.model_copy(
                update={
                    "tool_calls": [
                        *message.tool_calls,
                        *map(_repaired, message.invalid_tool_calls),
                    ],
                    "invalid_tool_calls": [],
                }
            )
        usage = message.usage_metadata or {"input_tokens": 0, "output_tokens": 0}
        recorder = current.recorder
        recorder.turn(self.seat, message.text, usage["input_tokens"], usage["output_tokens"])
        for call in message.tool_calls:
            if call["name"] not in self.offered:
                text = f"Error: {call['name']} is not a valid tool"
                recorder.note(self.seat, call["name"], call["args"], text, ok=False)
            elif call["name"] not in recorder.tools:
                recorder.note(self.seat, call["name"], call["args"], "(a tool of the app's own)")
        return ChatResult(generations=[ChatGeneration(message=message)])


def _repaired(call: Any) -> dict[str, Any]:
    """Return an unreadable call as one that reaches the tool and is answered with an error."""
    args = {AS_TEXT: call.get("args") or ""}
    return {"name": call.get("name") or "", "args": args, "id": call["id"], "type": "tool_call"}


def seat_model(model: Model, seat: str) -> SeatModel:
    """Return the native model for a seat.

    Raises:
        UserError: If the provider is unknown, its package is missing, or the object given from
            Python is not a chat model.
    """
    if model.organism is not None or model is PEER_SCRIPT:
        return SeatModel(seat=seat)
    if model.native is not None:
        if not isinstance(model.native, BaseChatModel):
            raise UserError(
                f"{model.spec!r} is a {type(model.native).__name__}, not a LangChain chat model"
            )
        return SeatModel(seat=seat, inner=model.native)
    return SeatModel(seat=seat, inner=_provider(model))


def _provider(model: Model) -> BaseChatModel:
    provider, name = model.provider
    try:
        if model.base_url is not None:
            from langchain_openai import ChatOpenAI

            key: Any = os.environ.get("OPENAI_API_KEY", "unused")
            return ChatOpenAI(model=name, base_url=model.base_url, api_key=key, max_retries=0)
        from langchain.chat_models import init_chat_model

        chat: BaseChatModel = init_chat_model(name, model_provider=provider)
        return chat
    except ImportError as error:
        raise UserError(f"model {model.spec!r} needs a package: {error}") from error
    except Exception as error:
        raise UserError(f"model {model.spec!r} cannot be used: {error}") from error
