"""CrewAI: a sequential crew, a hierarchical one, a flow, or a user's own crew or flow.

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

PATTERNS = ("sequential", "hierarchical", "flow")
"""The patterns that the adapter can play."""
LIVE = ("sequential", "hierarchical", "flow")
"""The patterns in which the peer takes part."""
DELEGATES = ("hierarchical",)
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
PACKAGES = ("crewai",)
"""The distributions whose versions belong in a trace."""

__all__ = ["ADAPTER", "DELEGATES", "GROUPS", "LIVE", "PACKAGES", "PATTERNS"]
