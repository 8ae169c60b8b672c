"""What programs read and write: texts that know which file they come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from allegiance.shell.budget import charge


@dataclass(frozen=True)
class Text:
    """A string in a pipe.

    Attributes:
        text: The text.
        origin: The file whose whole content it is, if it is that of one file.
    """

    text: str = ""
    origin: str | None = None


class Input:
    """What a command reads, from where it was read last.

    Attributes:
        source: The whole text.
        position: How much of it was read.
        regular: Whether it is a file that was opened, and no pipe.
    """

    def __init__(self, source: Text | None = None, *, regular: bool = False) -> None:
        self.source = source or Text()
        self.position = 0
        self.regular = regular

    def take(self) -> Text:
        """Return everything that was not read yet."""
        whole = self.position == 0
        rest = self.source if whole else Text(self.source.text[self.position :])
        charge(len(rest.text))
        self.position = len(self.source.text)
        return rest

    def line(self) -> str | None:
        """Return the next line with its end, or None when there is none."""
        text = self.source.text
        if self.position >= len(text):
            return None
        end = text.find("\n", self.position) + 1 or len(text)
        line, self.position = text[self.position : end], end
        return line


class Sink(Protocol):
    """Where a command writes."""

    def write(self, text: str, origin: str | None = None) -> None:
        """Add a string; ``origin`` is the file whose whole content it is."""


class Buffer:
    """Collects what is written."""

    def __init__(self) -> None:
        self._chunks: list[Text] = []

    def write(self, text: str, origin: str | None = None) -> None:
        """Add a string; ``origin`` is the file whose whole content it is."""
        if text or origin:
            charge(len(text), 1)
            self._chunks.append(Text(text, origin))

    def content(self) -> Text:
        """Return what was written."""
        if len(self._chunks) == 1:
            return self._chunks[0]
        return Text("".join(chunk.text for chunk in self._chunks))


class Nothing:
    """Forgets what is written: ``/dev/null``."""

    def write(self, text: str, origin: str | None = None) -> None:
        """Forget a string."""
