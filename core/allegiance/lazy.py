"""Names that a package hands on and loads when they are first used.

A guard in an app imports a few names; loading everything a package offers would make each of them
cost what all of them cost (PEP 562).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module


def attach(package: str, **modules: tuple[str, ...]) -> Callable[[str], object]:
    """Return a ``__getattr__`` for a package that hands on names of its modules.

    Args:
        package: The package's ``__name__``.
        modules: The names to hand on, by the module that defines them.
    """
    homes = {name: module for module, names in modules.items() for name in names}

    def load(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f"{package}.{homes[name]}"), name)
        setattr(sys.modules[package], name, value)  # the next access is an ordinary one
        return value

    return load
