"""Names that a package offers and loads when they are first used.

An app that uses a guard imports a few names. If a package loaded everything that it offers, each
of them would cost as much as all of them (PEP 562).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module


def attach(package: str, **modules: tuple[str, ...]) -> Callable[[str], object]:
    """Return a ``__getattr__`` for a package that offers names of its modules.

    The package also gets a ``__dir__`` that lists these names before they are loaded.

    Args:
        package: The package's ``__name__``.
        modules: The names to offer, by the module that defines them.
    """
    homes = {name: module for module, names in modules.items() for name in names}

    def load(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f"{package}.{homes[name]}"), name)
        setattr(sys.modules[package], name, value)  # the next access is an ordinary one
        return value

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *homes})

    vars(sys.modules[package])["__dir__"] = names
    return load
