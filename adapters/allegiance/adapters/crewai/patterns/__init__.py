"""The group patterns in CrewAI, one module each.

``build`` returns a new crew or flow for the current trial. A module whose app needs more than a
kickoff has a function ``run``, too.
"""

from __future__ import annotations

__all__: list[str] = []
