"""Words that are being put together during expansion, and how values are split into them."""

from __future__ import annotations

import re

from allegiance.reading import reads_text
from allegiance.shell.budget import charge

BLANK = " \t\n"


class Field(list[str]):
    """Words that are being put together: pieces are added to the last one."""

    def __init__(self) -> None:
        super().__init__()
        self._open = False

    def add(self, piece: str) -> None:
        """Add text to the last word, or begin one."""
        if self._open:
            self[-1] += piece
        else:
            self.append(piece)
            self._open = True
        charge(len(piece), 1)

    def split(self, value: str, separators: str) -> None:
        """Add a value that is split into words."""
        blanks = "".join(char for char in separators if char in BLANK)
        for index, part in enumerate(_parts(value, separators, blanks)):
            if index:
                self._open = False
            if part is not None:
                self.add(part)

    def end(self) -> None:
        """End the last word."""
        self._open = False


@reads_text(" ", "\n", ":", "a", "a:", limit=None)
def _parts(value: str, separators: str, blanks: str) -> list[str | None]:
    """Split a value at separators; None stands for a separator at one of the ends."""
    if not value or not separators:
        return [value] if value else []
    parts: list[str | None] = []
    lead = value.lstrip(blanks)
    if lead != value:
        parts.append(None)
    body = lead.rstrip(blanks)
    others = "".join(char for char in separators if char not in blanks)
    if others:
        parts += [p.strip(blanks) for p in re.split(f"[{re.escape(others)}]", body)]
        if parts and parts[-1] == "":
            parts[-1] = None
    else:
        parts += re.split(f"[{re.escape(blanks)}]+", body) if body else []
    if body != lead:
        parts.append(None)
    return parts
