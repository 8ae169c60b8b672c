"""The current trial in CrewAI's threads, and the tools that act in its world."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextvars import ContextVar
from copy import deepcopy
from functools import lru_cache
from typing import Any, ClassVar

from allegiance.adapters.crewai import home  # noqa: F401 - first: it sets CrewAI's environment

# isort: split

from crewai.hooks.dispatch import HookAborted
from crewai.tools import BaseTool
from pydantic import BaseModel, ConfigDict

from allegiance.play.answer import AS_TEXT
from allegiance.play.session import Session, session
from allegiance.world.tool import Tool


class TrialOver(HookAborted):
    """Ends a trial from inside: the only exception after which CrewAI does not retry."""

    def __init__(self) -> None:
        super().__init__("the trial is over")


class Trial:
    """A trial in CrewAI's threads.

    Attributes:
        session: The session of the trial.
        error: The exception that ended the trial, or None; CrewAI gets ``TrialOver`` in its place.
        open: Whether the trial is still running; its thread cannot be killed, but checks this.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.error: Exception | None = None
        self.open = True

    def check(self) -> None:
        """Raise ``TrialOver`` if the trial has ended."""
        if self.error is not None or not self.open:
            raise TrialOver

    def ended_by(self, error: Exception) -> TrialOver:
        """End the trial with an error and return the exception to raise for CrewAI.

        Do not raise it in an ``except`` block: CrewAI retries after any exception with a 429 in its
        context.
        """
        self.error = self.error or error
        return TrialOver()


TRIAL: ContextVar[Trial] = ContextVar("allegiance_crewai_trial")


def current_trial() -> Trial:
    """Return the current trial.

    Raises:
        RuntimeError: Outside a trial, or in a thread that did not copy the context.
    """
    session()
    return TRIAL.get()


class AnyArgs(BaseModel):
    """Accepts any arguments, so that the recorder answers wrong ones, and shows a tool's schema."""

    model_config = ConfigDict(extra="allow")
    shown: ClassVar[dict[str, Any]] = {}

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the schema of the tool."""
        return deepcopy(cls.shown)


class WorldTool(BaseTool):
    """A tool that acts in the world of the current trial.

    It has a usage limit because CrewAI then carries out the calls of one turn in order.

    Attributes:
        actor: The role that calls.
    """

    actor: str
    max_usage_count: int | None = sys.maxsize

    def _run(self, **args: Any) -> Any:
        trial = current_trial()
        trial.check()
        text = args.get(AS_TEXT)
        try:
            return trial.session.recorder.call(
                self.actor, self.name, args if text is None else str(text)
            )
        except Exception as error:  # noqa: BLE001 - CrewAI would show the error to the model
            caught = error
        raise trial.ended_by(caught)


def _never(*_: Any) -> bool:
    return False


@lru_cache(maxsize=256)
def _args_schema(tool: Tool) -> type[AnyArgs]:
    return type(tool.name, (AnyArgs,), {"shown": tool.schema, "__module__": __name__})


def native_tools(tools: Sequence[Tool], actor: str) -> list[BaseTool]:
    """Return native tools that act in the world of the current trial."""
    return [
        WorldTool(
            name=tool.name,
            description=tool.description,
            args_schema=_args_schema(tool),
            cache_function=_never,
            actor=actor,
        )
        for tool in tools
    ]


def prompt_text(messages: Any) -> str:
    """Return everything that a model is shown, as CrewAI passes it: a string or messages."""
    if isinstance(messages, str):
        return messages
    return "\n".join(str(message.get("content") or "") for message in messages)
