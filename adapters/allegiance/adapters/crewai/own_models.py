"""Names the agents of a crew or flow that use a model of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from allegiance.adapters.crewai import home  # noqa: F401 - first: it sets CrewAI's environment

# isort: split

from crewai import Agent, BaseLLM, Crew, Flow

from allegiance.adapters.crewai.roles import RoleLLM
from allegiance.play.own_models import model_label
from allegiance.play.session import Session

_MANAGERS = ("manager_llm", "planning_llm", "function_calling_llm")
"""The models of a crew that belong to none of its agents."""


def note_own_models(app: Any, session: Session) -> None:
    """Note every agent of an app whose model is not in a role.

    Agents that a flow makes while it runs are not seen.
    """
    for name, llm in _models(app):
        if isinstance(llm, BaseLLM) and not isinstance(llm, RoleLLM):
            provider = getattr(llm, "provider", None)
            session.own_model(name, model_label(llm), str(provider or ""))


def _models(app: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(app, Agent):
        yield app.role.strip(), app.llm
    elif isinstance(app, Crew):
        agents = [*app.agents, app.manager_agent, *(task.agent for task in app.tasks)]
        for agent in agents:
            yield from _models(agent)
        for name in _MANAGERS:
            yield name, vars(app).get(name)  # an attribute would warn of old names
    elif isinstance(app, Flow):
        for part in vars(app).values():
            yield from _models(part)
