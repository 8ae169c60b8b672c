"""Names the agents of an AutoGen app that use a model of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from autogen_core.models import ChatCompletionClient

from allegiance.adapters.autogen.roles import RoleClient
from allegiance.play.own_models import model_label
from allegiance.play.session import Session

_PARTS = ("_participants", "_team", "_wrapped_agent", "_tools", "_workbench", "_task_runner")
"""Where teams, societies, filters, agents and tools keep agents and teams."""


def note_own_models(app: Any, session: Session) -> None:
    """Note every agent, and every team that chooses a speaker, whose client is not in a role.

    A client in a role learns the names of the agents that use it.
    """
    for owner in _owners(app, {}):
        client = getattr(owner, "_model_client", None)
        if isinstance(client, RoleClient):
            client.owners.add(str(getattr(owner, "name", "")))
        elif isinstance(client, ChatCompletionClient):
            config = getattr(client, "_raw_config", None) or {}
            name = config.get("model") if isinstance(config, dict) else None
            label = f"{type(client).__name__} {name}" if name else model_label(client)
            agent = getattr(owner, "name", None) or type(owner).__name__
            session.own_model(agent, label, _provider(client))


def _provider(client: ChatCompletionClient) -> str:
    """Return the provider of a client of AutoGen's, by its package; empty for another client."""
    parts = [*type(client).__module__.split("."), "", ""]
    kind = type(client).__name__
    azure = kind.startswith("Azure")
    return ("azure_openai" if azure else parts[2]) if parts[0] == "autogen_ext" else ""


def _owners(app: Any, seen: dict[int, Any]) -> Iterator[Any]:
    if app is None or id(app) in seen:
        return
    seen[id(app)] = app
    if isinstance(app, (list, tuple)):
        for part in app:
            yield from _owners(part, seen)
        return
    yield app
    for name in _PARTS:
        yield from _owners(getattr(app, name, None), seen)
