"""What an adapter is: it plays a stage as a native app of one framework."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from allegiance.play.session import Session
from allegiance.scenario.roles import Roles
from allegiance.scenario.stage import Stage


@dataclass(frozen=True)
class Kit:
    """What a user's own ``build(kit)`` gets to build its app from.

    Attributes:
        tools: The scenario's tools as native objects of the framework.
        instructions: What the critic is told to be.
        model: The native model in the critic's role.
        stage: The whole stage, for those who want to know.
    """

    tools: list[Any]
    instructions: str
    model: Any
    stage: Stage


Build = Callable[[Kit], Any]


@dataclass(frozen=True)
class Setup:
    """One cell of a run: what an adapter may build once and use for all of its trials.

    Attributes:
        stage: The scenario, staged for the condition.
        roles: Who sits where.
        pattern: The pattern; ``target`` for a user's own app.
        build: The user's own app, if the pattern is ``target``.
    """

    stage: Stage
    roles: Roles
    pattern: str
    build: Build | None = field(default=None, compare=False)


class Adapter(Protocol):
    """One framework.

    Attributes:
        name: Its name on the command line.
        patterns: The patterns it can play.
        live: Those of them in which the peer takes part.
        packages: The distributions whose versions belong into a trace.
    """

    name: str
    patterns: tuple[str, ...]
    live: tuple[str, ...]
    packages: tuple[str, ...]

    def prepare(self, setup: Setup) -> Any:
        """Build what all trials of a cell share; may be None."""

    async def play(self, setup: Setup, prepared: Any, session: Session) -> None:
        """Play one trial to its end; everything that happens goes to the session's recorder.

        Raises:
            TurnLimit: If the trial used up its turns.
            Exception: Whatever the framework or a provider raises; the runner records it.
        """
