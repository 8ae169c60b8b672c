"""Bindings of tools that are known by name, from the rows of ``tools.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from allegiance.bindings.binding import Binding
from allegiance.bindings.names import resolve


@lru_cache(maxsize=1)
def _data() -> dict[str, Any]:
    text = files(__package__).joinpath("tools.toml").read_text(encoding="utf-8")
    data: dict[str, Any] = tomllib.loads(text)
    return data


def read_rows() -> tuple[dict[str, Any], ...]:
    """Return the rows of well-known tools."""
    return tuple(_data()["tool"])


def arguments(kind: str) -> tuple[str, ...]:
    """Return the folded names of the arguments that hold something, such as a ``path``."""
    return tuple(_data()["arguments"][kind].split())


@lru_cache(maxsize=1)
def known_names() -> frozenset[str]:
    """Return the folded names of all well-known tools."""
    return frozenset(name for row in read_rows() for name in row["names"].split())


@dataclass(frozen=True)
class NamedTool(Binding):
    """Binds a well-known tool by its folded name, in any spelling and behind any prefix."""

    def covers(self, name: str) -> bool:
        """Tell whether a tool's name leads to this one."""
        return resolve(name, known_names()) == self.tool
