"""The one exception whose text is meant for the person at the keyboard."""

from __future__ import annotations


class UserError(Exception):
    """Something the user gave cannot be used; the text names the value and the next action."""


class TurnLimit(Exception):
    """A trial used up its model turns; it ends ``incomplete``."""
