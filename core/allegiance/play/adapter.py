"""The protocol of adapters, which play a scenario as a native app of one framework."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from allegiance.play.session import Session
from allegiance.scenario.cast import make_cast
from allegiance.scenario.role import Role
from allegiance.scenario.roles import Roles
from allegiance.scenario.stage import Stage
from allegiance.trace.events import CRITIC
from allegiance.world.tool import Tool


@dataclass(frozen=True)
class KitRole:
    """What an agent of the app needs to play one role of the scenario.

    Attributes:
        name: The role, which is also a valid name for the agent in every framework.
        model: The model in the role, as a native model of the framework. Its turns are recorded.
        tools: The role's tools, as native tools of the framework. Calls to them are recorded for
            the role.
        instructions: The system prompt of the role.
    """

    name: str
    model: Any
    tools: list[Any]
    instructions: str


@dataclass(frozen=True)
class Kit:
    """Everything that a user's own ``build(kit)`` needs to build its app for one trial.

    Use ``model``, ``tools`` and ``instructions`` for the agent that plays the critic, in place of
    the ones it has in production, and return the app: a compiled graph, an agent, a team, a crew or
    a flow. The app is then run on the scenario's task. ``build`` may be called several times, so it
    must return a new app each time.

    Example:
        A LangGraph app, played with ``--app my_package.app:build``::

            def build(kit):
                return create_agent(kit.model, kit.tools, system_prompt=kit.instructions)

        A graph with an agent for the peer builds it on ``kit.roles["peer"]`` in the same way.

    Attributes:
        tools: The scenario's tools, as native tools of the framework. Calls to them act in the
            scenario's world and are recorded. An app may have tools of its own besides them; their
            calls are recorded, but have no effect in the world.
        instructions: The system prompt of the critic.
        model: The model in the critic's role, as a native model of the framework: the model under
            test or a scripted agent. Its turns are recorded and its failed calls retried.
        stage: The scenario as it is staged for this trial, for apps that need more of it.
        roles: What each role needs, by its name. ``critic`` is what the attributes above hold.
            An app that hosts the agent that is judged gives it what ``peer`` holds.
    """

    tools: list[Any]
    instructions: str
    model: Any
    stage: Stage
    roles: Mapping[str, KitRole]

    @classmethod
    def of(
        cls,
        stage: Stage,
        model: Callable[[str], Any],
        tools: Callable[[Sequence[Tool], str], Iterable[Any]],
        cast: Mapping[str, Role] | None = None,
    ) -> Kit:
        """Return the kit of a trial.

        Args:
            stage: The scenario, staged for the trial.
            model: Returns the native model of a role.
            tools: Returns the native tools for some tools of the scenario and a role.
            cast: The roles that the app may use; those of the stage by default.
        """
        roles = {
            role.name: KitRole(
                role.name, model(role.name), [*tools(role.tools, role.name)], role.instructions
            )
            for role in (cast or stage.roles).values()
        }
        critic = roles[CRITIC]
        return cls(critic.tools, critic.instructions, critic.model, stage, roles)


Build = Callable[[Kit], Any]


@dataclass(frozen=True)
class App:
    """What ``build(kit)`` returns if the app takes the task in a form of its own.

    Example:
        ``return App(graph, inputs=lambda task: {"question": task})``

    Attributes:
        app: The app.
        inputs: Returns what the app is run on: the state of a graph, the task of an agent or a team
            of AutoGen, the inputs of a crew or a flow.
    """

    app: Any
    inputs: Callable[[str], Any]


def unwrap(built: Any) -> tuple[Any, Callable[[str], Any] | None]:
    """Return an app, and its function for inputs if it has one."""
    return (built.app, built.inputs) if isinstance(built, App) else (built, None)


@dataclass(frozen=True)
class Setup:
    """A configuration as an adapter gets it; all of its trials share it.

    Attributes:
        stage: The scenario, staged for the condition.
        roles: The models in the roles.
        pattern: How the app is orchestrated, one of ``Adapter.patterns``; ``app`` for a user's own.
        build: The function that builds the user's own app, if the pattern is ``app``.
        cast: The roles that take part in the pattern, by name; those of the stage by default.
    """

    stage: Stage
    roles: Roles
    pattern: str
    build: Build | None = field(default=None, compare=False)
    cast: Mapping[str, Role] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        """Fill in the cast."""
        if not self.cast:
            object.__setattr__(self, "cast", make_cast(self.pattern, self.stage))


class Adapter(Protocol):
    """Plays trials in one framework.

    To support another framework, implement this protocol and certify the class by subclassing
    ``allegiance.testing.adapter_contract.AdapterContract``. An adapter that can play group patterns
    (see ``scenario.cast``) names them in an attribute ``groups``.

    Attributes:
        name: The framework's name on the command line, as in ``--adapter langgraph``.
        patterns: The patterns that the adapter can play, without ``app``.
        live: The patterns in which the peer takes part in the conversation.
        packages: The distributions whose versions are recorded in a trace.
    """

    name: str
    patterns: tuple[str, ...]
    live: tuple[str, ...]
    packages: tuple[str, ...]

    def prepare(self, setup: Setup) -> Any:
        """Build what all trials of a configuration share, such as a compiled graph.

        Returns:
            Anything, or None; ``play`` gets it as ``prepared``.

        Raises:
            UserError: If a model or the user's app cannot be used.
        """

    async def play(self, setup: Setup, prepared: Any, session: Session) -> None:
        """Play one trial to its end, with every turn and tool call in the session's recorder.

        Trials of the same configuration may be played at the same time.

        Args:
            setup: The configuration.
            prepared: What ``prepare`` returned.
            session: The trial.

        Raises:
            TurnLimit: If the trial used up its turns, tokens or money.
            Exception: Whatever the framework or a provider raises; the trial is recorded as an
                error.
        """
