"""Bindings: what a call to a real tool means, as effects.

``bind`` binds a tool of your own. Ready-made bindings recognise shell, file and HTTP tools by their
usual names; ``default_bindings`` returns all of them.
"""

from typing import TYPE_CHECKING

from allegiance.lazy import attach

if TYPE_CHECKING:
    from allegiance.bindings.binding import Binding as Binding
    from allegiance.bindings.binding import PartlyRead as PartlyRead
    from allegiance.bindings.binding import bind as bind
    from allegiance.bindings.defaults import default_bindings as default_bindings
    from allegiance.bindings.defaults import tools as tools
    from allegiance.bindings.file_tools import files as files
    from allegiance.bindings.http_tools import http as http
    from allegiance.bindings.shell_tools import shell as shell
else:
    __getattr__ = attach(
        __name__,
        binding=("Binding", "PartlyRead", "bind"),
        defaults=("default_bindings", "tools"),
        file_tools=("files",),
        http_tools=("http",),
        shell_tools=("shell",),
    )

__all__ = [
    "Binding",
    "PartlyRead",
    "bind",
    "default_bindings",
    "files",
    "http",
    "shell",
    "tools",
]
