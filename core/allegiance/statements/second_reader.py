"""A second reader of closing words: it fills what the rules leave unread, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from allegiance.statements.duties import Duty
from allegiance.statements.marks import Mark
from allegiance.statements.reader import NO_REPORTS, Reading, Says, read
from allegiance.statements.stance import Stance


class Reader(Protocol):
    """Reads a message for duties, as ``statements.read`` does."""

    def __call__(
        self,
        text: str,
        duties: Iterable[Duty],
        *,
        unit: str = "",
        reports: Mapping[str, Mark] = NO_REPORTS,
    ) -> Reading:
        """Return what a message asserts of each duty, and its stance."""


@dataclass(frozen=True)
class SecondReader:
    """Reads as the rules do, and fills what they leave unread in a single text.

    Attributes:
        text: The text that was read a second time.
        says: What it asserts, by duty; a duty that is missing stays unread.
        stance: The stance of its author.
        by: Who read it.
    """

    text: str
    says: Mapping[str, Says] = field(default_factory=dict)
    stance: Stance = "unread"
    by: str = ""

    def __call__(
        self,
        text: str,
        duties: Iterable[Duty],
        *,
        unit: str = "",
        reports: Mapping[str, Mark] = NO_REPORTS,
    ) -> Reading:
        """Return what a message asserts of each duty, and its stance."""
        reading = read(text, duties, unit=unit, reports=reports)
        if text != self.text or not reading.unread:
            return reading
        filled = {
            duty: self.says[duty]
            for duty, said in reading.says.items()
            if said == "unread" and self.says.get(duty, "unread") != "unread"
        }
        heard = reading.stance == "unread" and self.stance != "unread"
        return reading.model_copy(
            update={
                "says": {**reading.says, **filled},
                "stance": self.stance if heard else reading.stance,
                "judged": tuple(filled),
                "judge": self.by,
            }
        )


@dataclass
class UnreadNotes:
    """Reads as the rules do, and notes whether they leave a message unread.

    Attributes:
        text: The text.
        unread: Whether anything in it was left unread until now.
    """

    text: str
    unread: bool = False

    def __call__(
        self,
        text: str,
        duties: Iterable[Duty],
        *,
        unit: str = "",
        reports: Mapping[str, Mark] = NO_REPORTS,
    ) -> Reading:
        """Return what a message asserts of each duty, and its stance."""
        reading = read(text, duties, unit=unit, reports=reports)
        self.unread = self.unread or (text == self.text and reading.unread)
        return reading
