"""How models are named: on the command line, in plans, and in traces."""

from __future__ import annotations

SCRIPTED = "scripted:"
CALIBRATED = "calibrated:"
SCRIPTED_PEER = "scripted peer"
"""What traces call the peer's role where no model sits in it."""


def is_scripted(model: str) -> bool:
    """Tell whether a name is that of a scripted agent, which calls nobody and costs nothing."""
    return model.startswith((SCRIPTED, CALIBRATED))


def recorded(model: str) -> str:
    """Return the name that traces have for a model of a plan."""
    return f"{SCRIPTED}{model}" if model.startswith(CALIBRATED) else model
