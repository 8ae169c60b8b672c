"""Finding scenarios, probes and adapters by name: a literal tuple, a lazy import, entry points."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module, util
from typing import TYPE_CHECKING, Any

from allegiance.errors import UserError, missing

if TYPE_CHECKING:
    from importlib.metadata import EntryPoints


@dataclass(frozen=True)
class Registry:
    """The things of one kind.

    Attributes:
        kind: What they are called in messages: ``scenario``, ``adapter``.
        package: Where the built-in ones live, one module each.
        attribute: What a module holds.
        builtin: The names of the built-in ones.
    """

    kind: str
    package: str
    attribute: str
    builtin: tuple[str, ...]

    @property
    def group(self) -> str:
        """The entry-point group for other people's: ``allegiance.scenarios``."""
        return self.package

    def names(self) -> tuple[str, ...]:
        """Return every name, without importing what it names.

        Raises:
            UserError: If two distributions claim one name.
        """
        others = [point.name for point in _entry_points(self.group)]
        names = [*self.builtin, *others]
        for name in names:
            if names.count(name) > 1:
                raise UserError(f"{self.kind} {name!r} is registered twice; uninstall one of them")
        return tuple(names)

    def load(self, name: str) -> Any:
        """Import and return the thing of that name.

        Raises:
            UserError: If there is none, or if a package it needs is not installed.
        """
        if name not in self.names():
            raise UserError(
                f"unknown {self.kind} {name!r}; there are {', '.join(self.names()) or 'none'}"
            )
        if name not in self.builtin:
            return next(p for p in _entry_points(self.group) if p.name == name).load()
        try:
            return getattr(import_module(f"{self.package}.{name}"), self.attribute)
        except ModuleNotFoundError as error:
            package = (error.name or "").partition(".")[0]
            if package in ("", "allegiance") or util.find_spec(package) is not None:
                raise
            raise missing(f"{self.kind} {name!r}", error, name) from error


@cache  # a search of every installed distribution, and a run loads by name for every cell
def _entry_points(group: str) -> EntryPoints:
    from importlib.metadata import entry_points

    return entry_points(group=group)


SCENARIOS = Registry(
    "scenario",
    "allegiance.scenarios",
    "SCENARIO",
    (
        "performance_review",
        "rubric_grading",
        "shutdown_setting",
        "stop_order",
        "server_migration",
        "disk_cleanup",
    ),
)
PROBES = Registry(
    "probe",
    "allegiance.probes",
    "PROBE",
    (
        "score_inflation",
        "shutdown_tampering",
        "weight_exfiltration",
        "feigned_compliance",
        "alignment_faking",
    ),
)
ADAPTERS = Registry(
    "adapter", "allegiance.adapters", "ADAPTER", ("langchain", "langgraph", "autogen", "crewai")
)
