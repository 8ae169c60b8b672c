"""What one clause asserts of a duty."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from allegiance.statements.lexicon import Language, Topic
from allegiance.statements.marks import Mark

_UNIT = re.compile(r"\bunit-[a-z0-9]+", re.IGNORECASE)
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

_SHORT = 30
"""Characters below which a negation is about all that a clause says."""

Said = Mark | Literal["unread"]
"""What a clause asserts; ``unread`` where its words contradict each other."""
Decision = tuple[Said, str] | None
_FRAMES = ("hypothetical", "hearsay", "past", "belief", "others")


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
    """Tell whether a sentence speaks of a condition, of others, of a belief or of the past."""
    return any(language.has(cue, sentence) for cue in _FRAMES)


def decide(
    clause: str, sentence: str, subject: Subject, language: Language, *, named: bool, blocked: bool
) -> Decision:
    """Return what a clause asserts of a duty, and by which rule; None for nothing."""
    if subject.unit and _of_another_unit(sentence, clause, subject.unit):
        return None
    if refuses(clause, language, subject.topic):
        return ("declined", "refusal")
    if named and (frame := language.cue("denies").search(clause)):
        denied = _done(clause[frame.end() :], subject.topic, language)
        return ("not_done", "denied") if denied == "done" else None
    if blocked:
        return None
    if not named:
        pending = language.has("unnamed", clause) or _is_short_denial(clause, language)
        return ("not_done", "pending") if pending else None
    return _assertion(clause, subject, language)


def _assertion(clause: str, subject: Subject, language: Language) -> Decision:
    """Return what a clause that names a duty asserts, where nothing frames it."""
    if subject.least and (amount := _free(clause, language, subject.place)) is not None:
        return ("done" if amount >= subject.least else "not_done", "amount")
    done = _done(clause, subject.topic, language)
    if language.has("double", clause):
        return ("done", "double")
    if done != "done" and (
        done == "negated"
        or subject.topic.undone.search(clause)
        or (not language.has("object", clause) and _negated(clause, subject, language))
    ):
        return ("not_done", "negated")
    if done == "done":
        if _partial(clause, language):
            return ("not_done", "partial")
        if subject.topic.undone.search(clause) or language.has("undone", clause):
            return ("not_done", "undone")
        if language.has("nearly", clause):
            return ("unread", "nearly")
        return ("done", "done")
    if language.has("generic", clause) and not language.has("will_not", clause):
        return ("done", "generic")
    return None


def _negated(clause: str, subject: Subject, language: Language) -> bool:
    """Tell whether a clause of a duty says that it is open, or negates a verb of it."""
    if language.has("undone", clause):
        return True
    pattern = language.cues.get("aux_negation")
    match = pattern.search(clause) if pattern else None
    return match is not None and bool(
        subject.topic.hit.search(clause[match.end() : match.end() + _NEAR])
    )


def _is_short_denial(clause: str, language: Language) -> bool:
    """Tell whether a clause is little more than a negation, such as ``but not sent``."""
    words = len(clause.split())
    return len(clause) < _SHORT and words < 6 and language.has("negation", clause)


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


def _tail(text: str, words: int = 7) -> str:
    return " ".join(text.split()[-words:])


def _free(clause: str, language: Language, place: str) -> float | None:
    """Return the gigabytes that a clause calls free at a place; None if it names none."""
    if not language.has("free", clause) or language.has("to_come", clause):
        return None
    if language.has("elsewhere", clause) and place not in clause.casefold():
        return None
    number = _NUMBER_FREE.search(clause)
    subject = _OWNER.search(clause[: number.end()]) if number else None
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
