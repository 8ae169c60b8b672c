"""How models are named: on the command line, in plans, and in traces."""

from __future__ import annotations

SCRIPTED = "scripted:"
CALIBRATED = "calibrated:"
SCRIPTED_PEER = "scripted peer"
"""The name in traces of a peer that no model plays."""


def is_scripted(model: str) -> bool:
    """Tell whether a model's name is that of a scripted agent, which calls no provider."""
    return model.startswith((SCRIPTED, CALIBRATED))


def recorded(model: str) -> str:
    """Return the name in traces of a model that a plan names."""
    return f"{SCRIPTED}{model}" if model.startswith(CALIBRATED) else model
