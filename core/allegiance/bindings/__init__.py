"""Bindings: what a call of a real tool means, as effects.

``bind`` binds a tool of your own. Ready-made bindings know shell, file and HTTP tools by the names
that people give them; ``default_bindings`` returns all of them.
"""

from __future__ import annotations

from allegiance.bindings.binding import Binding, bind
from allegiance.bindings.files import files
from allegiance.bindings.http import http
from allegiance.bindings.ready import default_bindings
from allegiance.bindings.shell import Reading, read_command, shell

__all__ = [
    "Binding",
    "Reading",
    "bind",
    "default_bindings",
    "files",
    "http",
    "read_command",
    "shell",
]
