"""Loads a user's own app by ``package.module:build``."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from allegiance.errors import UserError
from allegiance.play.adapter import Build, Kit
from allegiance.trace.redact import redact


def load_app(spec: str) -> Build:
    """Import the function that builds a user's own app.

    Modules in the working directory are found, too. The returned function raises ``UserError`` if
    the user's function fails.

    Args:
        spec: ``package.module:build``, as after ``--app``.

    Raises:
        UserError: If the string has another form, the module cannot be imported, or it has no such
            function.
    """
    module_name, colon, name = spec.partition(":")
    if not colon or not module_name or not name:
        raise UserError(f"--app {spec!r} is not of the form package.module:build")
    if module_name.endswith(".py"):
        file = Path(module_name).with_suffix("")
        dotted = file.name if file.is_absolute() or ".." in file.parts else ".".join(file.parts)
        raise UserError(
            f"--app {spec!r} names a file; name the module, from the folder that contains it: "
            f"--app {dotted}:{name}"
        )
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        raise UserError(
            f"--app {spec!r}: there is no module {error.name!r}; run from the folder that contains "
            "it, or install it"
        ) from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # sys.exit() in it would end the command with success
        raise UserError(
            f"--app {spec!r}: importing it failed: {type(error).__name__}: {error}"
        ) from error
    build = getattr(module, name, None)
    if not callable(build):
        raise UserError(f"--app {spec!r}: {module_name!r} has no function {name!r}")

    def checked(kit: Kit) -> Any:
        try:
            return build(kit)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # sys.exit() in it would end the command with success
            cause = redact(f"{type(error).__name__}: {error}")
            raise UserError(f"--app {spec!r}: {name}(kit) failed: {cause}") from error

    return checked
