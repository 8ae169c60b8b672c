"""Whose call is it: names agents by the graph, node or tool that their models run in.

One handler for the process listens to the runs of graphs and models. A prebuilt agent calls its
nodes ``agent`` or ``model``, so that the name is that of its graph, or of what runs the graph.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import ToolMessage

from allegiance.guard.recent import put_bounded
from allegiance.guard.scope import ACTOR, CURRENT

GENERIC = frozenset(
    """agent model tools tool llm call_model call_llm llm_call call_tool call_tools tool_node
    execute_tools generate_structured_response pre_model_hook post_model_hook""".split()  # noqa: SIM905 - a list of them would fill a page
)
"""Names of nodes that say what a node does, and not who acts in it."""

UNNAMED = frozenset(("LangGraph", "Pregel", "CompiledStateGraph"))

MOST_RUNS = 50_000
"""The runs that are remembered at the same time; a run is forgotten when it ends."""

MOST_MODELS = 5_000
"""The models' turns that are remembered, among them those that end now."""

Key = tuple[str, str, str]


@dataclass(slots=True)
class _Run:
    """A run of a chain or a tool.

    Attributes:
        parent: The run that it is a part of.
        name: Its name.
        place: The namespace of its graph's checkpoints.
        is_node: Whether it is a node of a graph.
        is_task: Whether it is a task of LangGraph's functional API.
        actor: For a tool, the agent that calls it.
    """

    parent: UUID | None
    name: str
    place: str
    is_node: bool = False
    is_task: bool = False
    actor: str | None = None


class NameHandler(BaseCallbackHandler):
    """Knows the runs of this process and the agents that requested calls."""

    ignore_retriever = ignore_retry = ignore_custom_event = True
    run_inline = True

    def __init__(self) -> None:
        self._runs: dict[UUID, _Run] = {}
        self._models: dict[UUID, tuple[str, str, str]] = {}
        self._requests: dict[Key, str] = {}
        self._lock = threading.Lock()

    def on_chain_start(
        self,
        serialized: dict[str, Any] | None,
        inputs: Any,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Remember a run."""
        labels = metadata or {}
        name = str(kwargs.get("name") or "")
        place = str(labels.get("langgraph_checkpoint_ns") or "")
        parent = self._runs.get(parent_run_id) if parent_run_id else None
        is_node = bool(place) and name == labels.get("langgraph_node")
        if is_node and parent is not None and parent.place == place:
            is_node = False  # a part of the node that happens to have its name
        path: Any = labels.get("langgraph_path") or ()
        is_task = is_node and len(path) > 1 and isinstance(path[1], (tuple, list))
        run = _Run(parent_run_id, name, place, is_node, is_task)
        with self._lock:
            put_bounded(self._runs, run_id, run, MOST_RUNS)

    def on_chain_end(self, outputs: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """Forget a run; tell the watch which calls the framework answered itself."""
        run = self._runs.pop(run_id, None)
        watch = CURRENT.get()
        if run is None or watch is None or not run.is_node or not watch.pending:
            return
        for update in _updates(outputs):
            if _is_middleware(run.name) or "structured_response" in update:
                for message in _messages(update):
                    if isinstance(message, ToolMessage):
                        watch.note_answered(message.tool_call_id)

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """Forget a run that failed."""
        self._runs.pop(run_id, None)

    def on_chat_model_start(
        self,
        serialized: dict[str, Any],
        messages: list[list[Any]],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Remember the agent that a model belongs to."""
        actor = self.actor(parent_run_id, metadata)
        with self._lock:
            put_bounded(self._models, run_id, (actor, *_place(metadata)), MOST_MODELS)

    def on_llm_start(
        self, serialized: dict[str, Any], prompts: list[str], *, run_id: UUID, **kwargs: Any
    ) -> None:
        """Remember the agent that a model without chat belongs to."""
        self.on_chat_model_start(serialized, [], run_id=run_id, **kwargs)

    def on_llm_end(self, response: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """Remember the agent that requests calls."""
        model = self._models.get(run_id)
        if model is None:
            return
        actor, thread, place = model
        for generations in response.generations:
            for generation in generations:
                for call in getattr(getattr(generation, "message", None), "tool_calls", None) or ():
                    if call["id"]:
                        with self._lock:
                            put_bounded(self._requests, (thread, place, call["id"]), actor, 10_000)

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """Forget a model turn that failed."""
        self._models.pop(run_id, None)

    def model_actor(self, run_id: UUID) -> str:
        """Return the agent of a model's run."""
        model = self._models.get(run_id)
        return model[0] if model else "agent"

    def begin_tool(self, run_id: UUID, parent_run_id: UUID | None, name: str, actor: str) -> None:
        """Remember a tool that runs, for the agents and tools inside it."""
        with self._lock:
            put_bounded(self._runs, run_id, _Run(parent_run_id, name, "", actor=actor), MOST_RUNS)

    def end_tool(self, run_id: UUID) -> None:
        """Forget a tool that ended."""
        self._runs.pop(run_id, None)

    def requester(
        self, call_id: str | None, parent_run_id: UUID | None, metadata: dict[str, Any] | None
    ) -> str:
        """Return the agent that requested a call, or in whose node the tool runs."""
        if call_id:
            thread, place = _place(metadata)
            if actor := self._requests.get((thread, place, call_id)):
                return actor
            outside = str((metadata or {}).get("langgraph_checkpoint_ns") or "")
            if actor := self._requests.get((thread, outside, call_id)):
                return actor  # a model that an entrypoint of the functional API calls itself
        return self.actor(parent_run_id, metadata)

    def forget_request(self, call_id: str | None, metadata: dict[str, Any] | None) -> None:
        """Forget who requested a call that was decided on."""
        if call_id:
            self._requests.pop((*_place(metadata), call_id), None)

    def actor(self, run_id: UUID | None, metadata: dict[str, Any] | None) -> str:
        """Return the agent that acts in a run."""
        name = self._walk(run_id)
        if name:
            return name
        labels = metadata or {}
        if labels.get("lc_agent_name"):
            return str(labels["lc_agent_name"])
        nodes = str(labels.get("langgraph_checkpoint_ns") or "").split("|")
        for node in reversed([part.split(":")[0] for part in nodes]):
            if node and node not in GENERIC and not _is_middleware(node):
                return node
        return ACTOR.get() or str(labels.get("langgraph_node") or "agent")

    def _walk(self, run_id: UUID | None) -> str:
        """Go up from a run to the first name that says who acts."""
        passed_graph = False
        run = self._runs.get(run_id) if run_id else None
        while run is not None:
            parent = self._runs.get(run.parent) if run.parent else None
            if run.actor is not None:
                return run.name if passed_graph else run.actor
            if run.is_node and not run.is_task:
                if run.name not in GENERIC and not _is_middleware(run.name):
                    return run.name
                if parent is not None and not parent.is_node:
                    if parent.name and parent.name not in UNNAMED:
                        return parent.name
                    passed_graph = True
            run = parent
        return ""


NAMES = NameHandler()


def _place(metadata: dict[str, Any] | None) -> tuple[str, str]:
    """Return the conversation and the namespace of the graph that a node belongs to."""
    labels = metadata or {}
    node = str(labels.get("langgraph_checkpoint_ns") or "")
    return str(labels.get("thread_id") or ""), node.rpartition("|")[0]


def _is_middleware(node: str) -> bool:
    return node.endswith((".before_model", ".after_model", ".before_agent", ".after_agent"))


def _updates(outputs: Any) -> list[dict[str, Any]]:
    """Return the updates of a state that a node returns."""
    if isinstance(outputs, dict):
        return [outputs]
    if isinstance(outputs, (list, tuple)):
        return [update for item in outputs for update in _updates(item)]
    return _updates(update) if (update := getattr(outputs, "update", None)) is not None else []


def _messages(update: dict[str, Any]) -> list[Any]:
    messages = update.get("messages")
    return list(messages) if isinstance(messages, (list, tuple)) else []
