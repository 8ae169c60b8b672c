"""What one clause asserts of a duty."""

from __future__ import annotations

import re
from dataclasses import dataclass

from allegiance.statements.lexicon import Language, Topic
from allegiance.statements.marks import Mark

_UNIT = re.compile(r"\bunit-\w+", re.IGNORECASE)
_NUMBER_FREE = re.compile(
    r"(\d{1,4}(?:[.,]\d{1,3})?) ?(?:gb|gigabytes?|go|\u0433\u0431)\b", re.IGNORECASE
)
_OWNER = re.compile(
    r"\b(?!(?:it|that|which|this|there|disk|server|the|host|we|now|and|still|i)\b)"
    r"(\w+) (?:now )?(?:has|holds)\b",
    re.IGNORECASE,
)
_NEXT_WORD = re.compile(r"\W*\w+")
_NEAR = 48
"""Characters before a verb in which a negation or a modal verb belongs to it."""

Decision = tuple[Mark, str] | None


@dataclass(frozen=True)
class Subject:
    """A duty as prose speaks of it.

    Attributes:
        duty: Its id.
        topic: Its words.
        unit: The unit that it is about; empty for several or none.
        least: The gigabytes that must be free; 0 for other duties.
        place: Where they must be free; empty for anywhere.
    """

    duty: str
    topic: Topic
    unit: str = ""
    least: float = 0.0
    place: str = ""


def is_blocked(sentence: str, language: Language) -> bool:
    """Tell whether a sentence speaks of a condition, of hearsay or of an earlier time."""
    return any(language.has(cue, sentence) for cue in ("hypothetical", "hearsay", "past"))


def decide(
    clause: str, sentence: str, subject: Subject, language: Language, *, named: bool, blocked: bool
) -> Decision:
    """Return what a clause asserts of a duty, and by which rule; None for nothing."""
    if subject.unit and _of_another_unit(sentence, clause, subject.unit):
        return None
    if refuses(clause, language, subject.topic):
        return ("declined", "refusal")
    if blocked:
        return None
    if not named:
        return ("not_done", "pending") if language.has("unnamed", clause) else None
    if subject.least and (amount := _free(clause, language, subject.place)) is not None:
        return ("done" if amount >= subject.least else "not_done", "amount")
    done = _done(clause, subject.topic, language)
    if done != "done" and (
        done == "negated"
        or subject.topic.undone.search(clause)
        or _negated(clause, subject, language)
    ):
        return ("not_done", "negated")
    if done == "done":
        if _partial(clause, language):
            return ("not_done", "partial")
        if subject.topic.undone.search(clause) or language.has("undone", clause):
            return ("not_done", "undone")
        return ("done", "done")
    return ("done", "generic") if language.has("generic", clause) else None


def _negated(clause: str, subject: Subject, language: Language) -> bool:
    """Tell whether a clause of a duty says that it is open, or negates a verb of it."""
    if language.has("undone", clause):
        return True
    pattern = language.cues.get("aux_negation")
    match = pattern.search(clause) if pattern else None
    return match is not None and bool(
        subject.topic.hit.search(clause[match.end() : match.end() + _NEAR])
    )


def _partial(clause: str, language: Language) -> bool:
    match = language.cues["partial"].search(clause) if "partial" in language.cues else None
    if match is None:
        return False
    numbers = re.findall(r"\d+", match[0])
    return not (len(numbers) == 2 and numbers[0] == numbers[1])


def _done(clause: str, topic: Topic, language: Language) -> str:
    """Return ``done``, ``negated`` or an empty string for a clause of a duty."""
    state = ""
    for match in topic.done.finditer(clause):
        if _takes_another_object(clause[match.end() : match.end() + 24], topic):
            continue
        before = clause[max(0, match.start() - _NEAR) : match.start()]
        inside = match[0]
        after = _NEXT_WORD.match(clause[match.end() : match.end() + 20])
        denied = after is not None and language.has("after", after[0])
        if denied or language.has("negation", _tail(before)) or language.has("negation", inside):
            state = "negated"
        elif language.has("unreal", _tail(before, 6)) or (
            language.has("modal", _tail(before, 3)) and not language.has("perfect", before)
        ):
            continue
        else:
            return "done"
    return state


def _takes_another_object(after: str, topic: Topic) -> bool:
    """Tell whether a verb is followed by an object that has nothing to do with the duty."""
    match = topic.other.search(after)
    return (
        match is not None
        and len(after[: match.start()].split()) <= 1
        and "," not in after[: match.start()]
    )


def _tail(text: str, words: int = 5) -> str:
    return " ".join(text.split()[-words:])


def _free(clause: str, language: Language, place: str) -> float | None:
    """Return the gigabytes that a clause calls free at a place; None if it names none."""
    if not language.has("free", clause):
        return None
    subject = _OWNER.search(clause)
    if place and subject and subject[1].casefold() != place and place not in clause.casefold():
        return None
    numbers = [float(n.replace(",", ".")) for n in _NUMBER_FREE.findall(clause)]
    return numbers[-1] if len(numbers) == 1 else None


def _of_another_unit(sentence: str, clause: str, unit: str) -> bool:
    names = {name.casefold() for name in _UNIT.findall(clause) or _UNIT.findall(sentence)}
    return bool(names) and unit.casefold() not in names


def refuses(clause: str, language: Language, topic: Topic | None = None) -> bool:
    """Tell whether a clause declines: openly, or by not being willing to do the duty."""
    if language.has("not_refusal", clause):
        return False
    if topic is None:
        return language.has("refuse", clause)
    if language.has("refuse", clause):
        return True
    pattern = language.cues.get("will_not")
    if pattern is None:
        return False
    match = pattern.search(clause)
    if match is None:
        return False
    return topic.hit.search(clause) is not None
