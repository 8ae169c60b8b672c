"""Names the agents of a graph that use a model of their own, by LangChain's callbacks."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.runnables import RunnableConfig

from allegiance.play.session import Session

ROLE = "allegiance_role"
"""Marks the calls that a model in a role makes."""
_STEPS = ("model", "agent")
"""The nodes in which ready-made agents call their model."""


def marked(role: str) -> RunnableConfig:
    """Return the configuration of a call that the model in a role makes."""
    return {"metadata": {ROLE: role}}


class OwnModelHandler(BaseCallbackHandler):
    """Notes each model that runs in a graph and is not in a role."""

    run_inline = True

    def __init__(self, session: Session) -> None:
        self._session = session
        self._running: dict[UUID, tuple[str, str, str]] = {}

    def on_chat_model_start(
        self, serialized: dict[str, Any] | None, messages: Any, *, run_id: UUID, **kwargs: Any
    ) -> None:
        """Note a chat model."""
        self._start(serialized or {}, run_id, kwargs)

    def on_llm_start(
        self, serialized: dict[str, Any] | None, prompts: Any, *, run_id: UUID, **kwargs: Any
    ) -> None:
        """Note a model that completes text."""
        self._start(serialized or {}, run_id, kwargs)

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """Note why a model failed."""
        if (known := self._running.get(run_id)) is not None:
            self._session.own_model(*known, error=f"{type(error).__name__}: {error}")

    def _start(self, serialized: dict[str, Any], run_id: UUID, details: dict[str, Any]) -> None:
        metadata = details.get("metadata") or {}
        kind = str(serialized.get("name") or (serialized.get("id") or ["a model"])[-1])
        if ROLE in metadata or kind == "RoleModel":
            return
        name = metadata.get("ls_model_name")
        model = f"{kind} {name}" if name else kind
        self._running[run_id] = _agent(metadata), model, str(metadata.get("ls_provider") or "")
        self._session.own_model(*self._running[run_id])


def _agent(metadata: dict[str, Any]) -> str:
    """Return the name of the agent that calls a model, or of the outermost node that it is in."""
    if name := metadata.get("lc_agent_name"):
        return str(name)
    space = str(metadata.get("langgraph_checkpoint_ns") or "")
    nodes = [part.partition(":")[0] for part in space.split("|") if part]
    outer = [node for node in nodes if node not in _STEPS]
    return next(iter([*outer, *nodes]), "") or "unnamed"
