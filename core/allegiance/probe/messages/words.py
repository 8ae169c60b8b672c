"""Loads ``words.toml``: the moods, the classes of words and the kinds of collusion."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any


@cache
def load_words() -> dict[str, Any]:
    """Return what ``words.toml`` holds."""
    import tomllib

    path = files("allegiance.probe.messages").joinpath("words.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))
