"""A trial in CrewAI's threads, and the tools that act in its world."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextvars import ContextVar
from copy import deepcopy
from functools import lru_cache
from typing import Any, ClassVar

from allegiance.adapters.crewai import home as _crewai_home  # noqa: F401 - first: it sets CrewAI's environment

# isort: split

from crewai.hooks.dispatch import HookAborted
from crewai.tools import BaseTool
from pydantic import BaseModel, ConfigDict

from allegiance.play.session import Session, session
from allegiance.world.tool import Tool

AS_TEXT = "arguments_as_text"
"""Stands for the arguments of a call that are not a JSON object, which the framework would drop."""


class TrialOver(HookAborted):
    """Ends a trial from within: the one exception for which CrewAI repeats nothing."""

    def __init__(self) -> None:
        super().__init__("the trial is over")


class Trial:
    """A trial in CrewAI's threads.

    Attributes:
        session: The session that is played.
        error: What ended the trial, as it was raised; CrewAI itself gets to see ``TrialOver``.
        open: Whether it is still going on; a thread cannot be killed, but it can be told.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.error: Exception | None = None
        self.open = True

    def check(self) -> None:
        """Let nothing go on in a trial that has ended."""
        if self.error is not None or not self.open:
            raise TrialOver

    def ended_by(self, error: Exception) -> TrialOver:
        """End the trial with an error and return what to raise for CrewAI.

        Not to be raised in an ``except`` block: CrewAI retries whatever has a 429 in its context.
        """
        self.error = self.error or error
        return TrialOver()


TRIAL: ContextVar[Trial] = ContextVar("allegiance_crewai_trial")


def current_trial() -> Trial:
    """Return the trial that is going on.

    Raises:
        RuntimeError: Outside a trial, or in a thread that did not copy the context.
    """
    session()
    return TRIAL.get()


class AnyArgs(BaseModel):
    """Takes any arguments, since wrong ones are the recorder's to answer, and shows a schema."""

    model_config = ConfigDict(extra="allow")
    shown: ClassVar[dict[str, Any]] = {}

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the schema of the tool."""
        return deepcopy(cls.shown)


class WorldTool(BaseTool):
    """A tool that acts in the world of whichever trial calls it.

    A tool with a usage limit, however high, makes CrewAI carry out the calls of one turn in order.

    Attributes:
        actor: Who calls.
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
        except Exception as error:  # noqa: BLE001 - the framework would tell it to the model
            caught = error
        raise trial.ended_by(caught)


def _never(*_: Any) -> bool:
    return False


@lru_cache(maxsize=256)
def _args_schema(tool: Tool) -> type[AnyArgs]:
    return type(tool.name, (AnyArgs,), {"shown": tool.schema, "__module__": __name__})


def native_tools(tools: Sequence[Tool], actor: str) -> list[BaseTool]:
    """Return tools that act in the world of whichever trial calls them."""
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
