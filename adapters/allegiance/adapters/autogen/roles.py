"""What the AutoGen adapter's apps are made of: native tools and the model client in a role."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

os.environ["AUTOGEN_DISABLE_RUNTIME_TRACING"] = "true"  # read whenever a runtime is made

from autogen_core import CancellationToken, FunctionCall
from autogen_core.models import (
    ChatCompletionClient,
    CreateResult,
    LLMMessage,
    ModelInfo,
    RequestUsage,
)
from autogen_core.tools import BaseTool, ToolSchema

from allegiance.adapters.autogen.models import MODEL_INFO, read, shown_of, written
from allegiance.play.model_call import ModelRequest, acall_model
from allegiance.play.session import Session, session
from allegiance.provider.retry import async_retrying
from allegiance.scenario.roles import Model
from allegiance.scenario.script import ScriptPlayer
from allegiance.world.tool import Tool

# a failed turn is raised from play(); without a handler its traceback also lands on stderr
logging.getLogger("autogen_core").addHandler(logging.NullHandler())

AS_TEXT = "arguments_as_text"
"""Stands for the arguments of a call that are not a JSON object, which the framework would drop."""


class Stopped(Exception):
    """The trial was cancelled; an ordinary error, since AutoGen cleans up only after those."""


class Latch:
    """What ends a trial early, kept outside the app.

    AutoGen answers a failing tool with its error's text, and a team raises a RuntimeError that has
    no more than the text of what happened. So the first failure is kept here as it is, and every
    turn and call after it fails too.

    Attributes:
        error: The first failure.
        stop: When cancelled, the turn going on and all later ones fail.
    """

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.stop = CancellationToken()

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Fail if something has failed before, and keep what fails inside."""
        if self.error is not None:
            raise self.error
        try:
            yield
        except Exception as error:
            self.error = error
            raise


class WorldTool(BaseTool[Any, Any]):
    """A scenario's tool that acts in the world of whichever trial calls it.

    It shows its schema as it is and takes any arguments, so that wrong ones reach the recorder and
    are answered there.
    """

    def __init__(self, tool: Tool, actor: str, latch: Latch) -> None:
        super().__init__(tool.args, str, tool.name, tool.description)
        self._actor = actor
        self._latch = latch
        self._shown = ToolSchema(
            name=tool.name,
            description=tool.description,
            parameters=tool.schema,  # type: ignore[typeddict-item]  # a JSON schema like any other
        )

    @property
    def schema(self) -> ToolSchema:
        """What a model is shown."""
        return self._shown

    async def run(self, args: Any, cancellation_token: CancellationToken) -> str:
        """Carry out a call whose arguments have been validated."""
        return await self.run_json(args.model_dump(), cancellation_token)

    async def run_json(
        self,
        args: Mapping[str, Any],
        cancellation_token: CancellationToken,
        call_id: str | None = None,
    ) -> str:
        """Carry out a call."""
        with self._latch.kept():
            given = args.get(AS_TEXT, args)
            return session().recorder.call(self._actor, self.name, given, call_id)


def native_tools(tools: Sequence[Tool], actor: str, latch: Latch) -> list[BaseTool[Any, Any]]:
    """Return tools that act in the world of whichever trial calls them."""
    return [WorldTool(tool, actor, latch) for tool in tools]


class RoleClient(ChatCompletionClient):
    """The model in a role: a performer's turns, or any model client, recorded and retried.

    Attributes:
        role: Whose turns these are in the trace.
        inner: The client that answers; none where a performer does.
        latch: Keeps the failure of a turn.
        path: Provider path and name of the model that answers.
        kept: Whether its answers may be kept.
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

        async def perform() -> tuple[CreateResult, bool]:
            return await self._perform(current, tool_choice), False

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
            offered = [shown_of(tool) for tool in tools]
            options = [shown_of(tool_choice), json_output, extra_create_args]
            return ["autogen", self.role, shown, offered, options]

        with self.latch.kept():
            current.check_turns()
            if self.inner is not None:
                question = ModelRequest(self.path, request, written, read, self.kept)
                answering = acall_model(current, question, call)
            elif current.script_players[self.role].fails_next:
                answering = async_retrying(current.attempts, current.backoff)(perform)
            else:
                answering = perform()  # nothing to retry
            asked = token.link_future(asyncio.ensure_future(answering))
            try:
                result, cached = await self.latch.stop.link_future(asked)
            except asyncio.CancelledError:
                if self.latch.stop.is_cancelled():
                    raise Stopped from None
                raise
            offered = {t["name"] if isinstance(t, dict) else t.name for t in tools}
            return self._record(current, result, offered, cached)

    async def create_stream(
        self, messages: Sequence[LLMMessage], **kwargs: Any
    ) -> AsyncGenerator[str | CreateResult, None]:
        """Take one turn and yield its text in one piece."""
        result = await self.create(messages, **kwargs)
        if isinstance(result.content, str):
            yield result.content
        yield result

    async def _perform(self, current: Session, tool_choice: object) -> CreateResult:
        # a script has no turn for an agent that reflects on its tools and may call none
        asked = tool_choice != "none"
        turn = current.script_players[self.role].turn() if asked else ScriptPlayer.DONE
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
        self, current: Session, result: CreateResult, offered: set[str], cached: bool
    ) -> CreateResult:
        content, usage, recorder = result.content, result.usage, current.recorder
        self._usage.prompt_tokens += usage.prompt_tokens
        self._usage.completion_tokens += usage.completion_tokens
        text = content if isinstance(content, str) else result.thought or ""
        tokens = usage.prompt_tokens, usage.completion_tokens
        recorder.turn(self.role, text, *tokens, cached=cached)
        if isinstance(content, str):
            return result
        for call in content:
            args = _arguments(call)
            if call.name not in offered:
                text = f"Error: tool '{call.name}' not found in any workbench"
                recorder.note(self.role, call.name, args, text, ok=False)
            elif call.name not in recorder.tools:
                recorder.note(self.role, call.name, args, "(a tool of the app's own)")
        calls = [_repaired(call, known=call.name in recorder.tools) for call in content]
        return result.model_copy(update={"content": calls})

    async def close(self) -> None:
        """Do nothing: the inner client serves other trials too."""

    def actual_usage(self) -> RequestUsage:
        """Return what this role has consumed in its trial."""
        return self._usage

    def total_usage(self) -> RequestUsage:
        """Return what this role has consumed in its trial."""
        return self._usage

    def count_tokens(self, messages: Sequence[LLMMessage], **kwargs: Any) -> int:
        """Return the size of messages; nothing is too long for a script."""
        return self.inner.count_tokens(messages, **kwargs) if self.inner else 0

    def remaining_tokens(self, messages: Sequence[LLMMessage], **kwargs: Any) -> int:
        """Return how much more fits; nothing is too long for a script."""
        return self.inner.remaining_tokens(messages, **kwargs) if self.inner else 1_000_000

    @property
    def capabilities(self) -> Any:
        """What the model can do, by its old name."""
        return self.model_info

    @property
    def model_info(self) -> ModelInfo:
        """What the model can do."""
        return self.inner.model_info if self.inner else MODEL_INFO


def _arguments(call: FunctionCall) -> dict[str, Any] | str:
    """Return the arguments of a call, or their text where that is not a JSON object."""
    try:
        args = json.loads(call.arguments or "{}")
    except ValueError:
        return call.arguments
    return args if isinstance(args, dict) else call.arguments


def _repaired(call: FunctionCall, *, known: bool) -> FunctionCall:
    """Return a call that reaches its tool, if it is ours, whatever its arguments are.

    An agent parses the arguments before it looks for a tool or a workbench, so the model's side is
    the only place for it. No arguments at all are an empty object, also for a handoff.
    """
    args = _arguments(call)
    if isinstance(args, dict):
        return call if call.arguments else replace(call, arguments="{}")
    return replace(call, arguments=json.dumps({AS_TEXT: args})) if known else call
