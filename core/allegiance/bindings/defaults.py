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
        cwd: The directory that tools start in; relative names stay relative without one.
        host: The host to name in targets.
        env: Variables that are set in a shell tool's environment.
        strict: Whether shell commands that run unseen code are rejected.

    Raises:
        UserError: If the shell parser is not installed.
    """
    found = [
        *files(cwd=cwd, host=host),
        *http(),
        shell(cwd=cwd, host=host, env=env, strict=strict),
    ]
    return sorted(found, key=lambda binding: not isinstance(binding.tool, str))
