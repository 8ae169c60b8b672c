"""LangGraph: a pipeline, a supervisor, a swarm, or a user's own graph.

The patterns are known without the framework, which is imported with ``ADAPTER``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from allegiance.lazy import attach

if TYPE_CHECKING:
    from allegiance.play.adapter import Adapter

    ADAPTER: Adapter
else:
    __getattr__ = attach(__name__, adapter=("ADAPTER",))

PATTERNS = ("pipeline", "supervisor", "swarm")
"""The patterns that the adapter can play."""
LIVE = ("pipeline", "supervisor", "swarm")
"""The patterns in which the peer takes part."""
DELEGATES = ("supervisor",)
"""The patterns in which the critic calls the peer, which takes a model call of its own."""
GROUPS = (
    "dialogue",
    "revision",
    "panel",
    "debate",
    "reciprocal",
    "overseer",
    "approval",
    "sessions",
)
"""The group patterns that the adapter can play."""
PACKAGES = ("langgraph", "langchain", "langchain-core", "langgraph-supervisor", "langgraph-swarm")
"""The distributions whose versions belong in a trace."""

__all__ = ["ADAPTER", "DELEGATES", "GROUPS", "LIVE", "PACKAGES", "PATTERNS"]
