"""Bindings: what a call of a real tool means, as effects.

``bind`` binds a tool of your own. Ready-made bindings recognise shell, file and HTTP tools by their
usual names; ``default_bindings`` returns all of them.
"""

from __future__ import annotations

from allegiance.bindings.binding import Binding, bind
from allegiance.bindings.defaults import default_bindings
from allegiance.bindings.file_tools import files
from allegiance.bindings.http_tools import http
from allegiance.bindings.shell_tools import shell

__all__ = ["Binding", "bind", "default_bindings", "files", "http", "shell"]
