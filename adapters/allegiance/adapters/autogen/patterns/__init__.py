"""The group patterns in AutoGen, one module each; ``build`` returns the team of a trial."""

from __future__ import annotations

__all__: list[str] = []
