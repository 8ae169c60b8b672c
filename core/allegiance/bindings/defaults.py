"""All ready-made bindings in one list."""

from __future__ import annotations

from collections.abc import Mapping

from allegiance.bindings.binding import Binding
from allegiance.bindings.file_tools import files
from allegiance.bindings.http_tools import http
from allegiance.bindings.shell_tools import shell


def default_bindings(
    *,
    cwd: str = "",
    host: str = "",
    env: Mapping[str, str] | None = None,
    strict: bool = False,
) -> list[Binding]:
    """Return every ready-made binding, exact names before patterns.

    Args:
        cwd: The directory that tools start in; without it, relative names stay relative.
        host: The host to name in targets.
        env: Variables in the environment of shell tools.
        strict: Whether an opaque command is an error; a guard then rejects the call.

    Raises:
        UserError: If the shell parser is not installed.
    """
    bindings = [
        *files(cwd=cwd, host=host),
        *http(),
        shell(cwd=cwd, host=host, env=env, strict=strict),
    ]
    return sorted(bindings, key=lambda binding: not isinstance(binding.tool, str))
