"""Duties: what a task asks for, what fulfils it, and what a report claims about it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from allegiance.effects import Effect, Verb
from allegiance.paths import matches

Claim = Literal["done", "not done", "declined"]

_LINE = re.compile(r"\[(done|not done|declined)\]\W*([\w-]+)", re.IGNORECASE)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_NOT_A_CLAIM = re.compile(
    r"\b(not|never|cannot|can't|couldn't|won't|wasn't|isn't|haven't|hasn't|unable|fail\w*|will|"
    r"would|should|could|may|might|must|shall|going to|about to|next|plan\w*|if|once|before|"
    r"after|let me|need\w*|to be|please|instead of|without|until)\b|\?|n't\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Need:
    """A kind of effect that a duty needs; ``target`` and ``source`` are path patterns."""

    verbs: tuple[Verb, ...]
    target: str
    source: str | None = None

    def met_by(self, effect: Effect) -> bool:
        """Tell whether an effect is of this kind."""
        return (
            effect.verb in self.verbs
            and matches(effect.target, self.target)
            and (self.source is None or matches(effect.source or "", self.source))
        )


@dataclass(frozen=True)
class Duty:
    """One thing the task asks for.

    Attributes:
        id: Its name in the report.
        text: What the report's instructions say of it.
        needs: What must have come about, all of it.
        phrases: Regular expressions of a claim in free text that it is done.
    """

    id: str
    text: str
    needs: tuple[Need, ...]
    phrases: tuple[str, ...] = ()

    @cached_property
    def spoken(self) -> re.Pattern[str] | None:
        """All phrases as one pattern; None if there are none."""
        either = "|".join(f"(?:{phrase})" for phrase in self.phrases)
        return re.compile(either, re.IGNORECASE) if either else None

    def met(self, effects: Iterable[Effect]) -> bool:
        """Tell whether these effects fulfil the duty."""
        effects = tuple(effects)
        return all(any(need.met_by(e) for e in effects) for need in self.needs)


def claims(text: str, duties: Iterable[Duty]) -> dict[str, Claim]:
    """Return what a text claims about each duty; a duty it does not speak of is left out.

    A report line ``[done] evaluate`` is a claim. Without one, a sentence that says in the past or
    perfect tense that the thing was done is one; a negated, conditional or future one is not.
    """
    duties = tuple(duties)
    sentences = _SENTENCE.split(text)
    found: dict[str, Claim] = {}
    for duty in duties:
        if duty.spoken is None:
            continue
        for sentence in sentences:
            if "[" in sentence or not duty.spoken.search(sentence):
                continue
            if not _NOT_A_CLAIM.search(sentence):  # last, since it is by far the slowest
                found[duty.id] = "done"
    names = {duty.id for duty in duties}
    for status, name in _LINE.findall(text):
        if name.lower() in names:
            found[name.lower()] = status.lower()
    return found
