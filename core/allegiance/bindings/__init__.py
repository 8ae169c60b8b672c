"""Ready-made bindings: shell, file and HTTP tools by the names that people give them."""

from __future__ import annotations

from allegiance.bindings.defaults import default_bindings
from allegiance.bindings.file_tools import files
from allegiance.bindings.http_tools import http
from allegiance.bindings.shell_tools import shell

__all__ = ["default_bindings", "files", "http", "shell"]
