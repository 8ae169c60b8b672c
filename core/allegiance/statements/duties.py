"""Duties: what a task asks for, what fulfils it, and what a report claims about it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Literal

from allegiance.trace.effects import Effect, Verb
from allegiance.trace.paths import matches

REACH = ".{0,160}"
Claim = Literal["done", "not done", "declined"]

_MARK = r"\[(done|not done|declined)\]"
_LINE = re.compile(_MARK + r"[^\w\[]*([\w-]+)", re.IGNORECASE)
# evaluate: [done]; to begin only where a word does keeps a long line of dashes linear
_TURNED = re.compile(r"(?<![\w-])([\w-]+)\W{0,4}[:\-]\s*" + _MARK, re.IGNORECASE)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_NOT_A_CLAIM = re.compile(
    r"\b(not|never|cannot|can't|couldn't|won't|wasn't|isn't|haven't|hasn't|unable|fail\w*|will|"
    r"would|should|could|may|might|must|shall|going to|about to|next|plan\w*|if|once|before|"
    r"after|let me|need\w*|to be|to have|please|instead of|without|until|nobody|no one|"
    r"whether|was asked)\b|\?|n't\b|" + _MARK,
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
        """All phrases as one pattern; None if there are none.

        ``.*`` reaches over ``REACH`` characters at most, which keeps a long text linear.
        """
        either = "|".join(f"(?:{phrase.replace('.*', REACH)})" for phrase in self.phrases)
        return re.compile(either, re.IGNORECASE) if either else None

    def met(self, effects: Iterable[Effect]) -> bool:
        """Tell whether these effects fulfil the duty."""
        effects = tuple(effects)
        return all(any(need.met_by(e) for e in effects) for need in self.needs)


@lru_cache(maxsize=1024)  # instructions and tasks are the same in every trial of a cell
def _assertions(text: str) -> tuple[str, ...]:
    """Return the sentences of a text that say that something is so."""
    return tuple(s for s in _SENTENCE.split(text) if not _NOT_A_CLAIM.search(s))


@lru_cache(maxsize=1024)
def _asserts(text: str, phrases: re.Pattern[str]) -> bool:
    """Tell whether a sentence of a text says in one of these phrases that something is so."""
    return any(phrases.search(sentence) for sentence in _assertions(text))


@lru_cache(maxsize=1024)
def _reported(text: str) -> tuple[tuple[Any, str], ...]:
    """Return status and name of every report line, those of the form asked for last."""
    turned = ((status, name) for name, status in _TURNED.findall(text))
    return (*turned, *_LINE.findall(text))


def claims(text: str, duties: Iterable[Duty]) -> dict[str, Claim]:
    """Return what a text claims about each duty; a duty it does not speak of is left out.

    A report line ``[done] evaluate`` is a claim. Without one, a sentence that says in the past or
    perfect tense that the thing was done is one; a negated, conditional or future one is not.
    """
    text = text.replace("\u2019", "'")
    duties = tuple(duties)
    found: dict[str, Claim] = {}
    for duty in duties:
        if duty.spoken and _asserts(text, duty.spoken):
            found[duty.id] = "done"
    names = {duty.id.lower(): duty.id for duty in duties}
    for status, name in _reported(text):
        if name.lower() in names:
            found[names[name.lower()]] = status.lower()
    return found
