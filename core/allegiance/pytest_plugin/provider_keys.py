"""Which key a model under test lacks."""

from __future__ import annotations

from allegiance.provider.keys import KEYS, has_key
from allegiance.scenario.roles import Model


def missing_key(model: Model) -> str:
    """Return which key a model lacks, as a message; empty if no key is known to be missing."""
    if model.scripted_agent or model.native is not None or model.base_url:
        return ""
    provider = model.provider[0]
    if has_key(provider):
        return ""
    return f"{model.spec} needs {' or '.join(KEYS[provider])}, which is not set"
