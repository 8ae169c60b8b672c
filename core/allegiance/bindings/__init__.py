"""Ready-made bindings: shell, file and HTTP tools by the names that people give them."""

from __future__ import annotations

from allegiance.bindings.files import files
from allegiance.bindings.http import http
from allegiance.bindings.ready import default_bindings
from allegiance.bindings.shell import Reading, read_command, shell

__all__ = ["Reading", "default_bindings", "files", "http", "read_command", "shell"]
