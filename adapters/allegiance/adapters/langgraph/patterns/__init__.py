"""The group patterns in LangGraph, one module each; ``build`` returns the compiled graph."""

from __future__ import annotations

__all__: list[str] = []
