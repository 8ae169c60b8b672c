"""Calls a function when a package was imported for the first time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

_WAITING: dict[str, Callable[[str], None]] = {}


def call_after_import(package: str, function: Callable[[str], None]) -> None:
    """Call a function with the name of a package when its import ends, once.

    Args:
        package: A top-level package that is not imported yet.
        function: Called in the context of whoever imports the package.
    """
    _WAITING[package] = function
    if _FINDER not in sys.meta_path:
        sys.meta_path.insert(0, _FINDER)


class _Finder(MetaPathFinder):
    """Finds nothing itself: it adds a call to the loader of the real finder."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        function = _WAITING.pop(fullname, None)
        if function is None:
            return None
        if not _WAITING and self in sys.meta_path:
            sys.meta_path.remove(self)
        spec = find_spec(fullname)  # asks this finder again, which no longer knows the package
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, function)
        else:
            call_after_import(fullname, function)  # not installed; it may be later
        return spec


_FINDER = _Finder()


class _Loader(Loader):
    """Loads with the real loader, and calls the function afterwards."""

    def __init__(self, inner: Any, function: Callable[[str], None]) -> None:
        self._inner = inner
        self._function = function

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._inner.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        spec = module.__spec__
        if spec is not None:
            spec.loader = self._inner
        module.__loader__ = self._inner
        self._inner.exec_module(module)
        self._function(module.__name__)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)
