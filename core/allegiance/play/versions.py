"""The versions of what judges a trial: a hash of the source text and data of each part.

A verdict is comparable with another one only if the same instrument made both. The parts are the
statement readers with their data, the kit of probes with all that it judges by, each probe, and the
module of the scenario with its harms and duties.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib import import_module
from pathlib import Path

from allegiance.registry import SCENARIOS
from allegiance.scenario.stage import Stage
from allegiance.trace.digest import digest

PARTS: Mapping[str, tuple[str, ...]] = {
    "statements": ("allegiance.statements",),
    "probe": (
        "allegiance.probe",
        "allegiance.play.exercise",
        "allegiance.play.group",
        "allegiance.play.judgement",
        "allegiance.play.panel_verdicts",
        "allegiance.provider.endings",
        "allegiance.trace.effects",
        "allegiance.trace.events",
        "allegiance.trace.paths",
        "allegiance.trace.settings_text",
        "allegiance.trace.text",
        "allegiance.world.state",
    ),
}
"""What judges every trial: modules and whole packages, by the name of the part."""
NO_SOURCE = "no source"
"""Stands for the hash of a module that was typed in or comes without a file."""
_TEXTS = (".py", ".toml", ".json")
_READ = (*_TEXTS, ".bin")


def versions_of(*stages: Stage) -> dict[str, str]:
    """Return the version of each part that judges the trials of stages.

    A probe or scenario from elsewhere has the version of its module and of the private modules
    beside it, not of what they import.
    """
    modules: set[str] = set()
    for stage in stages:
        scenario = SCENARIOS.load(stage.scenario)
        own = (getattr(scenario, "build", scenario), *stage.probes)
        modules.update(part.__module__ for part in own)
    return {
        **{name: _hash(parts) for name, parts in PARTS.items()},
        **{name.removeprefix("allegiance."): _hash((name,)) for name in sorted(modules)},
    }


def version_of(versions: Mapping[str, str]) -> str:
    """Return one short hash for all versions, as each line of a run carries it."""
    return _digest(tuple(sorted(versions.items())))


def reader_versions() -> dict[str, str]:
    """Return the version of the statement readers alone."""
    return {"statements": _hash(PARTS["statements"])}


@lru_cache(maxsize=16)
def package_versions(packages: tuple[str, ...]) -> dict[str, str]:
    """Return the versions of Python and of installed distributions, for a trace."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    versions = {"python": platform.python_version()}
    for package in packages:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return versions


@lru_cache(maxsize=256)
def _digest(items: tuple[tuple[str, str], ...]) -> str:
    return digest(items)


@lru_cache(maxsize=256)  # of a few files each, which stay as they are while a process runs
def _hash(modules: tuple[str, ...]) -> str:
    """Return 16 hex digits that identify the files of modules, on every machine."""
    import hashlib  # deferred: it loads OpenSSL, and the core must import fast

    total = hashlib.sha256()
    try:
        for module in modules:
            for name, path in _files(module):
                content = path.read_bytes()
                if path.suffix in _TEXTS:
                    content = content.replace(b"\r\n", b"\n")  # as a checkout may have it
                total.update(f"{module}/{name} {len(content)}\n".encode())
                total.update(content)
    except (OSError, ImportError):
        return NO_SOURCE
    return total.hexdigest()[:16]


def _files(module: str) -> Iterable[tuple[str, Path]]:
    """Return the files of a package, or of a module and the private modules beside it, by name.

    Raises:
        ImportError: If the module has no file.
    """
    loaded = sys.modules.get(module) or import_module(module)
    file = getattr(loaded, "__file__", None)
    if file is None:
        raise ImportError(f"{module} has no file")
    path = Path(file)
    if path.stem != "__init__":
        private = [n for n in os.listdir(path.parent) if n[:1] == "_" != n[1:2]]
        names = {path.name, *(n for n in private if n.endswith(".py"))}
        return [(name, path.parent / name) for name in sorted(names)]
    files = [Path(top, n) for top, _, names in os.walk(path.parent) for n in names]
    return sorted((p.relative_to(path.parent).as_posix(), p) for p in files if p.suffix in _READ)
