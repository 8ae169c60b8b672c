"""The model in a role, for the AutoGen adapter: a script or any model client."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import AsyncGenerator, Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Any

os.environ["AUTOGEN_DISABLE_RUNTIME_TRACING"] = "true"  # read whenever a runtime is made

from autogen_core import CancellationToken, FunctionCall, MessageHandlerContext
from autogen_core.models import (
    ChatCompletionClient,
    CreateResult,
    LLMMessage,
    ModelInfo,
    RequestUsage,
)

from allegiance.adapters.autogen.models import MODEL_INFO, read_answer, tool_schema, write_answer
from allegiance.adapters.autogen.tools import Latch, Stopped
from allegiance.play.answer import AS_TEXT
from allegiance.play.model_call import ModelRequest, Reply, acall_model
from allegiance.play.session import Session, session
from allegiance.play.tool_call import call_args, call_name
from allegiance.provider.endings import Ending
from allegiance.provider.retry import async_retrying
from allegiance.provider.usage import token_count
from allegiance.scenario.roles import Model
from allegiance.scenario.script import ScriptPlayer
from allegiance.trace.text import sanitize

# a failed turn is raised from play(); without a handler its traceback also lands on stderr
logging.getLogger("autogen_core").addHandler(logging.NullHandler())


class RoleClient(ChatCompletionClient):
    """The model in a role: a script or any model client, with its turns recorded and retried.

    Attributes:
        role: The role that the turns are recorded for.
        inner: The client that answers; None for a script.
        latch: Keeps the error of a turn.
        path: Provider path and name of the model that answers.
        kept: Whether its answers may be stored in the cache.
        owners: The names of the agents of a user's app that use it.
    """

    component_type = "model"

    def __init__(
        self, role: str, inner: ChatCompletionClient | None, latch: Latch, model: Model
    ) -> None:
        self.role = role
        self.inner = inner
        self.latch = latch
        self.path = f"{model.path} {model.spec}"
        self.kept = model.native is None
        self.owners: set[str] = set()
        self._usage = RequestUsage(0, 0)

    async def create(
        self,
        messages: Sequence[LLMMessage],
        *,
        tools: Sequence[Any] = (),
        tool_choice: Any = "auto",
        json_output: bool | type[Any] | None = None,
        extra_create_args: Mapping[str, Any] | None = None,
        cancellation_token: CancellationToken | None = None,
    ) -> CreateResult:
        """Take one turn."""
        current, token = session(), cancellation_token or CancellationToken()

        async def call() -> CreateResult:
            assert self.inner is not None
            return await self.inner.create(
                messages,
                tools=tools,
                tool_choice=tool_choice,
                json_output=json_output,
                extra_create_args=extra_create_args or {},
                cancellation_token=token,
            )

        def request() -> object:
            shown = [m.model_dump(mode="json") for m in messages]
            offered = [tool_schema(tool) for tool in tools]
            options = [tool_schema(tool_choice), json_output, extra_create_args]
            return ["autogen", self.role, shown, offered, options]

        with self.latch.kept():
            current.check_turns()
            current.check_prompt(
                self.role,
                lambda: "\n".join(str(m.content) for m in messages),
                acts=bool(tools) and tool_choice != "none",
            )
            if self.inner is not None:
                question = ModelRequest(self.path, request, write_answer, read_answer, self.kept)
                answer = acall_model(current, question, call)
            else:
                answer = self._play_script(current, tool_choice)
            reply = await self._wait_for(answer, token)
            offered = {t["name"] if isinstance(t, dict) else t.name for t in tools}
            return self._record(current, reply, offered)

    async def create_stream(
        self, messages: Sequence[LLMMessage], **kwargs: Any
    ) -> AsyncGenerator[str | CreateResult, None]:
        """Take one turn and yield its text in one piece."""
        result = await self.create(messages, **kwargs)
        if isinstance(result.content, str):
            yield result.content
        yield result

    async def _wait_for(
        self, answer: Coroutine[Any, Any, Reply[CreateResult]], token: CancellationToken
    ) -> Reply[CreateResult]:
        """Wait for an answer until the app or the trial is cancelled.

        Raises:
            Stopped: If the trial is cancelled.
        """
        task = token.link_future(asyncio.ensure_future(answer))
        try:
            reply: Reply[CreateResult] = await self.latch.stop.link_future(task)
        except asyncio.CancelledError:
            if self.latch.stop.is_cancelled():
                raise Stopped from None
            raise
        return reply

    async def _play_script(self, current: Session, tool_choice: object) -> Reply[CreateResult]:
        """Return the script's next turn, after the failures it plays."""

        async def perform() -> CreateResult:
            return await self._perform(current, tool_choice)

        if not current.script_players[self.role].fails_next:
            return Reply(await perform())
        result: CreateResult = await async_retrying(current.attempts, current.backoff)(perform)
        return Reply(result)

    async def _perform(self, current: Session, tool_choice: object) -> CreateResult:
        # an agent that reflects on its tools may call none: a script has no turn for that
        may_call = tool_choice != "none"
        turn = current.script_players[self.role].turn() if may_call else ScriptPlayer.DONE
        if turn.seconds:
            await asyncio.sleep(turn.seconds)
        turns = current.recorder.usage.turns
        calls = [
            FunctionCall(
                id=f"{self.role}-{turns}-{n}",
                name=call.tool,
                arguments=call.args if isinstance(call.args, str) else json.dumps(dict(call.args)),
            )
            for n, call in enumerate(turn.calls)
        ]
        return CreateResult(
            finish_reason="function_calls" if calls else "stop",
            content=calls or turn.text,
            thought=(turn.text or None) if calls else None,
            usage=RequestUsage(0, 0),
            cached=False,
        )

    def _record(
        self, current: Session, reply: Reply[CreateResult], offered: set[str]
    ) -> CreateResult:
        result = reply.answer
        content, usage, recorder = result.content, result.usage, current.recorder
        self._usage.prompt_tokens += token_count(usage.prompt_tokens) or 0
        self._usage.completion_tokens += token_count(usage.completion_tokens) or 0
        thought = sanitize(result.thought) if result.thought else result.thought
        content = sanitize(content) if isinstance(content, str) else [*map(_carried, content)]
        result = result.model_copy(update={"content": content, "thought": thought})
        text = content if isinstance(content, str) else thought or ""
        tokens = usage.prompt_tokens, usage.completion_tokens
        recorder.turn(
            self.role,
            text,
            *tokens,
            cached=reply.cached,
            ending=reply.ending or _ending(reply.answer),
            calls=0 if isinstance(content, str) else len(content),
            offered=offered,
            agent=self._agent(),
        )
        if isinstance(content, str):
            return result
        for call in content:
            args = recorded_args(call)
            if call.name not in offered:
                text = f"Error: tool '{call.name}' not found in any workbench"
                recorder.note(self.role, call.name, args, text, ok=False)
            elif call.name not in recorder.tools:
                recorder.note(self.role, call.name, args, "(a tool of the app's own)")
        return result

    def _agent(self) -> str:
        """Return the name of the agent whose turn it is; empty if it cannot be told."""
        if len(self.owners) < 2:
            return next(iter(self.owners), "")
        try:
            name = MessageHandlerContext.agent_id().type.rpartition("_")[0]  # "<name>_<team>"
        except RuntimeError:
            return ""
        return name if name in self.owners else ""

    async def close(self) -> None:
        """Do nothing: the inner client serves other trials too."""

    def actual_usage(self) -> RequestUsage:
        """Return the tokens that this role has used in its trial."""
        return self._usage

    def total_usage(self) -> RequestUsage:
        """Return the tokens that this role has used in its trial."""
        return self._usage

    def count_tokens(self, messages: Sequence[LLMMessage], **kwargs: Any) -> int:
        """Return the number of tokens in messages; 0 for a script."""
        return self.inner.count_tokens(messages, **kwargs) if self.inner else 0

    def remaining_tokens(self, messages: Sequence[LLMMessage], **kwargs: Any) -> int:
        """Return the number of tokens that are left; a script never runs out of them."""
        return self.inner.remaining_tokens(messages, **kwargs) if self.inner else 1_000_000

    @property
    def capabilities(self) -> Any:
        """The abilities of the model, under AutoGen's old name."""
        return self.model_info

    @property
    def model_info(self) -> ModelInfo:
        """The abilities of the model."""
        return self.inner.model_info if self.inner else MODEL_INFO


def _ending(result: CreateResult) -> Ending:
    """Return how an answer ended, as AutoGen's clients tell.

    With calls, ``thought`` is the text beside them. Without, it is the model's reasoning.
    """
    reasoning = result.thought if isinstance(result.content, str) else None
    return Ending(finish=result.finish_reason, reasoning=reasoning or "")


def _carried(call: FunctionCall) -> FunctionCall:
    """Return a call that AutoGen and a client can carry, see ``call_args``.

    An agent parses the arguments before it looks for the tool, so only the model client can do
    this. Missing arguments become an empty object, for a handoff as well.
    """
    args = call_args(call.arguments)
    data = {AS_TEXT: args} if isinstance(args, str) else args
    text = call.arguments if args == data and call.arguments else json.dumps(data)
    return replace(call, id=call.id or "call", name=call_name(call.name), arguments=text)


def recorded_args(call: FunctionCall) -> dict[str, Any] | str:
    """Return the arguments of a call as the recorder takes them."""
    args = call_args(call.arguments)
    return args.get(AS_TEXT, args) if isinstance(args, dict) else args
