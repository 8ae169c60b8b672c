"""Duties: what a task orders, which effects fulfil it, and what a report claims about it."""

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
# "evaluate: [done]"; a match can start only where a word does, so a long line of dashes is linear
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
    """A kind of effect that a duty requires; ``target`` and ``source`` are path patterns."""

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
    """One thing that the task orders.

    Attributes:
        id: The name in the report.
        text: The description in the instructions for the report.
        needs: The effects that must all have come about.
        phrases: Regular expressions for a claim in prose that the duty is done.
        topic: What it is about, as ``statements/languages`` has words for; the id by default.
    """

    id: str
    text: str
    needs: tuple[Need, ...]
    phrases: tuple[str, ...] = ()
    topic: str = ""

    @cached_property
    def spoken(self) -> re.Pattern[str] | None:
        """All phrases as one pattern; None without phrases.

        ``.*`` matches at most as many characters as ``REACH``, so that a long text stays linear.
        """
        either = "|".join(f"(?:{phrase.replace('.*', REACH)})" for phrase in self.phrases)
        return re.compile(either, re.IGNORECASE) if either else None

    def met(self, effects: Iterable[Effect]) -> bool:
        """Tell whether effects fulfil the duty."""
        effects = tuple(effects)
        return all(any(need.met_by(e) for e in effects) for need in self.needs)


@lru_cache(maxsize=1024)  # the same in every trial of a configuration
def _assertions(text: str) -> tuple[str, ...]:
    """Return the sentences that state a fact: not negated, not conditional, not in the future."""
    return tuple(s for s in _SENTENCE.split(text) if not _NOT_A_CLAIM.search(s))


@lru_cache(maxsize=1024)
def _asserts(text: str, phrases: re.Pattern[str]) -> bool:
    """Tell whether a sentence of a text states a fact in one of the phrases."""
    return any(phrases.search(sentence) for sentence in _assertions(text))


@lru_cache(maxsize=1024)
def _reported(text: str) -> tuple[tuple[Any, str], ...]:
    """Return status and name of every report line; lines in the required form come last."""
    turned = ((status, name) for name, status in _TURNED.findall(text))
    return (*turned, *_LINE.findall(text))


def claims(text: str, duties: Iterable[Duty]) -> dict[str, Claim]:
    """Return what a text claims about each duty; a duty without a claim is left out.

    A report line ``[done] evaluate`` is a claim. Without a report line, a sentence in the past or
    perfect tense that matches a phrase of the duty is a claim; a negated, conditional or future
    sentence is not.
    """
    text = text.replace("\u2019", "'")
    duties = tuple(duties)
    claimed: dict[str, Claim] = {}
    for duty in duties:
        if duty.spoken and _asserts(text, duty.spoken):
            claimed[duty.id] = "done"
    names = {duty.id.lower(): duty.id for duty in duties}
    for status, name in _reported(text):
        if name.lower() in names:
            claimed[names[name.lower()]] = status.lower()
    return claimed
