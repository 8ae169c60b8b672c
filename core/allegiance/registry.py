"""Scenarios, probes, adapters and formats by name: the files of a folder, and entry points."""

from __future__ import annotations

import tokenize
from ast import literal_eval
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module, util
from io import StringIO
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

from allegiance.errors import UserError, missing

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint, EntryPoints


@dataclass(frozen=True)
class Registry:
    """Everything of one kind that can be named.

    Built in are the modules and packages of a folder, except those whose names begin with an
    underscore. Other distributions add to them by entry points.

    Attributes:
        kind: What messages call one of them: ``scenario``, ``gate format``.
        package: The package that holds the built-in ones.
        attribute: What to load from a module; empty for the module itself.
    """

    kind: str
    package: str
    attribute: str = ""

    @property
    def group(self) -> str:
        """The entry-point group of other distributions: ``allegiance.scenarios``."""
        return self.package

    @property
    def builtin(self) -> tuple[str, ...]:
        """The names of the built-in ones, in alphabetical order."""
        spec = util.find_spec(self.package)
        folders = spec.submodule_search_locations if spec is not None else None
        return _public_modules(tuple(folders or ()))

    def names(self) -> tuple[str, ...]:
        """Return every name, without importing what it names.

        Raises:
            UserError: If two distributions claim the same name.
        """
        names = [*self.builtin, *(point.name for point in _entry_points(self.group))]
        for name in names:
            if names.count(name) > 1:
                raise UserError(f"{self.kind} {name!r} is registered twice; uninstall one of them")
        return tuple(names)

    def load(self, name: str) -> Any:
        """Import and return what a name stands for.

        Raises:
            UserError: If the name is unknown, or if a package that it needs is not installed.
        """
        if (point := self._entry_point(name)) is not None:
            return self._imported(name, point.load)
        module = self.module(name)
        if not self.attribute:
            return module
        return self._imported(name, lambda: getattr(module, self.attribute))

    def module(self, name: str) -> Any:
        """Import and return the module of a name, or what the entry point of that name loads.

        Raises:
            UserError: As for ``load``.
        """
        if (point := self._entry_point(name)) is not None:
            return self._imported(name, point.load)
        return self._imported(name, lambda: import_module(f"{self.package}.{name}"))

    def summary(self, name: str) -> str:
        """Return one line on a name, without importing what it names.

        It is the first line of the module's docstring without its full stop; for an entry point, it
        is the distribution that brings it.

        Raises:
            UserError: If the name is unknown.
        """
        if (point := self._entry_point(name)) is not None:
            return f"from {point.dist.name}" if point.dist is not None else "from elsewhere"
        return _first_line(f"{self.package}.{name}")

    def builtin_summaries(self) -> str:
        """Return the built-in names with their summaries, for a help text."""
        return "; ".join(f"{name} ({self.summary(name)})" for name in self.builtin)

    def _entry_point(self, name: str) -> EntryPoint | None:
        """Return the entry point of a name; None for a built-in name.

        Raises:
            UserError: If the name is unknown.
        """
        if name in self.builtin:
            return None
        if name not in self.names():
            known = ", ".join(self.names()) or "none"
            raise UserError(f"unknown {self.kind} {name!r}; there are {known}")
        return next(point for point in _entry_points(self.group) if point.name == name)

    def _imported(self, name: str, load: Callable[[], Any]) -> Any:
        try:
            return load()
        except ModuleNotFoundError as error:
            package = (error.name or "").partition(".")[0]
            if package in ("", "allegiance") or util.find_spec(package) is not None:
                raise
            raise missing(f"{self.kind} {name!r}", error, name) from error


@dataclass(frozen=True)
class AdapterInfo:
    """What an adapter can play, as far as it is known without its framework.

    Attributes:
        patterns: How the framework can be orchestrated.
        live: The patterns in which the peer takes part.
        packages: The distributions that it needs, whose versions belong in a trace.
        delegates: The patterns in which the critic takes one more model call, to call the peer.
        groups: The patterns with more roles or more turns than a handover has.
    """

    patterns: tuple[str, ...]
    live: tuple[str, ...]
    packages: tuple[str, ...]
    delegates: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


def adapter_info(name: str) -> AdapterInfo:
    """Return what an adapter can play.

    A built-in adapter declares it in ``PATTERNS``, ``LIVE``, ``PACKAGES``, ``DELEGATES`` and
    ``GROUPS`` of its package, which does not import the framework. The object of an entry point
    declares it in its attributes ``patterns``, ``live`` and ``packages``, and ``delegates`` and
    ``groups`` if it has any.

    Raises:
        UserError: If the adapter is unknown, or if one from elsewhere cannot be imported.
    """
    module = ADAPTERS.module(name)
    names = ("patterns", "live", "packages", "delegates", "groups")
    if hasattr(module, "PATTERNS"):
        return AdapterInfo(*(tuple(getattr(module, key.upper(), ())) for key in names))
    adapter = ADAPTERS.load(name)
    return AdapterInfo(*(tuple(getattr(adapter, key, ())) for key in names))


@cache  # a run loads by name for every configuration
def _public_modules(folders: tuple[str, ...]) -> tuple[str, ...]:
    names = {info.name for info in iter_modules(folders)}
    return tuple(sorted(name for name in names if not name.startswith("_")))


@cache  # a search of every installed distribution
def _entry_points(group: str) -> EntryPoints:
    from importlib.metadata import entry_points

    return entry_points(group=group)


@cache
def _first_line(module: str) -> str:
    """Return the first line of a module's docstring from its source, which is not executed."""
    spec = util.find_spec(module)
    get_source = getattr(spec.loader if spec is not None else None, "get_source", None)
    source = get_source(module) if get_source is not None else None
    for token in tokenize.generate_tokens(StringIO(source or "").readline):
        if token.type == tokenize.STRING:
            return str(literal_eval(token.string)).strip().partition("\n")[0].rstrip(".")
        if token.type not in (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE):
            break
    return ""


SCENARIOS = Registry("scenario", "allegiance.scenarios", "SCENARIO")
PROBES = Registry("probe", "allegiance.probes", "PROBE")
ADAPTERS = Registry("adapter", "allegiance.adapters", "ADAPTER")
GATE_FORMATS = Registry("gate format", "allegiance.gate.formats")
SCAN_FORMATS = Registry("scan format", "allegiance.scan.formats")
EXPORT_FORMATS = Registry("export format", "allegiance.export")
