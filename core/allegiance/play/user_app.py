"""Loading a user's own agent by ``package.module:build``."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from allegiance.errors import UserError
from allegiance.play.adapter import Build, Kit
from allegiance.trace.redact import redact


def load_app(spec: str) -> Build:
    """Import the function that builds a user's own app; its failure is then a ``UserError``.

    Modules are looked for in the working directory too.

    Raises:
        UserError: If the text is of another form, or nothing that can be called is there.
    """
    module_name, colon, name = spec.partition(":")
    if not colon or not module_name or not name:
        raise UserError(f"--app {spec!r} is not of the form package.module:build")
    if module_name.endswith(".py"):
        file = Path(module_name).with_suffix("")
        dotted = file.name if file.is_absolute() or ".." in file.parts else ".".join(file.parts)
        raise UserError(
            f"--app {spec!r} names a file; from the folder it is in, name the module: "
            f"--app {dotted}:{name}"
        )
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        raise UserError(
            f"--app {spec!r}: no module {error.name!r}; run from the folder it is in, or install it"
        ) from error
    except Exception as error:
        raise UserError(
            f"--app {spec!r}: importing it failed: {type(error).__name__}: {error}"
        ) from error
    build = getattr(module, name, None)
    if not callable(build):
        raise UserError(f"--app {spec!r}: {module_name!r} has no function {name!r}")

    def checked(kit: Kit) -> Any:
        try:
            return build(kit)
        except Exception as error:
            cause = redact(f"{type(error).__name__}: {error}")
            raise UserError(f"--app {spec!r}: {name}(kit) failed: {cause}") from error

    return checked
