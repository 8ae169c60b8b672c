"""AutoGen: one assistant, four teams, or a user's own agent or team.

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

PATTERNS = ("assistant", "round_robin", "selector", "swarm", "graph_flow")
"""The patterns that the adapter can play."""
LIVE = ("round_robin", "selector", "swarm", "graph_flow")
"""The patterns in which the peer takes part."""
DELEGATES = ()
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
PACKAGES = ("autogen-agentchat", "autogen-core", "autogen-ext")
"""The distributions whose versions belong in a trace."""

__all__ = ["ADAPTER", "DELEGATES", "GROUPS", "LIVE", "PACKAGES", "PATTERNS"]
