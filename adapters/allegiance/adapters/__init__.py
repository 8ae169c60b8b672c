"""Adapters, one package for each framework: each plays a stage as a native app.

``allegiance.adapters.<framework>.guard`` guards apps of the framework.
"""

__all__: list[str] = []
