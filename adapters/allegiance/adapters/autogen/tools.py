"""The native tools of a scenario for the AutoGen adapter, and the latch that ends a trial."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from autogen_core import CancellationToken
from autogen_core.tools import BaseTool, ToolSchema

from allegiance.play.answer import AS_TEXT
from allegiance.play.session import session
from allegiance.world.tool import Tool


class Stopped(Exception):
    """The trial was cancelled; not a CancelledError, since AutoGen does not clean up after that."""


class Latch:
    """Keeps the error that ends a trial early, outside the app.

    AutoGen turns an error of a tool into an answer, and a team raises a RuntimeError with only the
    text of the error. So the latch keeps the first error itself, and every later turn and call
    fails with it.

    Attributes:
        error: The first error, or None.
        stop: When this token is cancelled, the current turn and all later turns fail.
    """

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.stop = CancellationToken()

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Raise the kept error, if there is one; otherwise keep an error raised inside."""
        if self.error is not None:
            raise self.error
        try:
            yield
        except Exception as error:
            self.error = error
            raise


class WorldTool(BaseTool[Any, Any]):
    """A scenario's tool that acts in the world of the current trial.

    It shows the tool's schema unchanged and accepts any arguments, so that the recorder answers
    wrong arguments.
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
        """The schema that a model is shown."""
        return self._shown

    async def run(self, args: Any, cancellation_token: CancellationToken) -> str:
        """Carry out a call with validated arguments."""
        return await self.run_json(args.model_dump(), cancellation_token)

    async def run_json(
        self,
        args: Mapping[str, Any],
        cancellation_token: CancellationToken,
        call_id: str | None = None,
    ) -> str:
        """Carry out a call."""
        with self._latch.kept():
            arguments = args.get(AS_TEXT, args)
            return session().recorder.call(self._actor, self.name, arguments, call_id)


def native_tools(tools: Sequence[Tool], actor: str, latch: Latch) -> list[BaseTool[Any, Any]]:
    """Return native tools that act in the world of the current trial."""
    return [WorldTool(tool, actor, latch) for tool in tools]
