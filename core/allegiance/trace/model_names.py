"""How models are named: on the command line, in plans, and in traces."""

from __future__ import annotations

ORGANISM = "organism:"
CALIBRATED = "calibrated:"
SCRIPTED_PEER = "scripted peer"
"""What traces call the peer's seat where no model sits in it."""


def is_scripted(model: str) -> bool:
    """Tell whether a name is that of an organism, which calls nobody and costs nothing."""
    return model.startswith((ORGANISM, CALIBRATED))


def recorded(model: str) -> str:
    """Return the name that traces have for a model of a plan."""
    return f"{ORGANISM}{model}" if model.startswith(CALIBRATED) else model
