"""Strings of a run as a reader may see them: control characters shown, commands of CI taken apart.

A name or a message from a run is data. It must not move the cursor of a terminal, set its title,
reverse the order of what is read, or start a command of a CI runner.
"""

from __future__ import annotations

import re

from allegiance.reading import reads_text

_COMMAND_START = re.compile(r"^((?:[ \t]|\x1b\[[\d;]*m)*):(?=:)", re.MULTILINE)
"""Where a runner looks for a command: after spaces, and after a style of the console."""
_DOUBLE_HASH = re.compile(r"#(?=#)")


def visible(text: str) -> str:
    """Return a string with control characters made visible; newlines and tabs stay."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else f"\\x{ord(c):02x}" for c in text)


@reads_text(":", "#", "\n", " ", "\x1b", limit=None)
def printable(text: str) -> str:
    """Return a string that may be printed: no control characters, no command for a CI runner.

    The runner of GitHub obeys a line that begins with ``::`` after spaces, and ``##[`` anywhere in
    a line; the agent of Azure obeys ``##vso[`` anywhere.
    """
    return inert(visible(text))


@reads_text(":", "#", "\n", " ", limit=None)
def inert(text: str) -> str:
    """Return a string in which no line is a command for a CI runner."""
    if "##" in text:
        text = _DOUBLE_HASH.sub("# ", text)
    return _COMMAND_START.sub(r"\1: ", text) if "::" in text else text
