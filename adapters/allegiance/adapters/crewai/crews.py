"""What the crews of the CrewAI adapter are made of: agents that keep to one attempt, and tasks."""

from __future__ import annotations

from typing import Any

from allegiance.adapters.crewai import home  # noqa: F401 - first: it sets CrewAI's environment

# isort: split

from crewai import Agent, Crew
from crewai.tasks.task_output import TaskOutput
from pydantic import PrivateAttr

from allegiance.adapters.crewai.executor import Executor

CONTEXT = "This is the context you're working with:"
"""The words before the output of earlier tasks, as a crew passes it on."""


class NoStore:
    """Replaces the database in which CrewAI stores the outputs of the last run for a replay."""

    def reset(self) -> None:
        """Do nothing."""

    def add(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing."""

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing."""

    def load(self) -> None:
        """Return nothing."""


class UnstoredCrew(Crew):
    """A crew without the database, on whose file lock parallel crews would wait."""

    _task_output_handler: Any = PrivateAttr(default_factory=NoStore)


def make_agent(
    role: str, goal: str, backstory: str, llm: Any, max_iter: int, **kwargs: Any
) -> Agent:
    """Return an agent that does not retry, has no cache and prints nothing."""
    return Agent(
        role=role,
        goal=goal,
        backstory=backstory,
        llm=llm,
        max_iter=max_iter,
        max_retry_limit=0,
        cache=False,
        respect_context_window=False,
        use_better_compaction=False,
        verbose=False,
        executor_class=Executor,
        **kwargs,
    )


def signed(speaker: str, text: str) -> str:
    """Return words with their speaker."""
    return f"{speaker}:\n{text}"


def sign(output: TaskOutput) -> None:
    """Put the speaker before the output of a task; it is the task's callback.

    CrewAI passes outputs on to later tasks without a word about who wrote them.
    """
    output.raw = signed(output.agent, output.raw)
