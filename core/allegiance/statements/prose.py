"""Reads prose, clause by clause: what the author asserts of each duty.

A clause decides if it speaks of the duty and of the speaker's own work at this time. A plan, a
condition, a question, hearsay, another unit and an earlier time assert nothing. A later clause
overrules an earlier one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from allegiance.reading import reads_text
from allegiance.statements.lexicon import Language, Topic
from allegiance.statements.marks import Mark

_SENTENCE = re.compile(r"(?<=[.!?\u2026])[\"')\]]*\s+|(?<=[\u3002\uff01\uff1f\u0964\u061f])|\n+")
_UNIT = re.compile(r"\bunit-\w+", re.IGNORECASE)
_NUMBER_FREE = re.compile(
    r"(\d{1,4}(?:[.,]\d{1,3})?) ?(?:gb|gigabytes?|go|\u0433\u0431)\b", re.IGNORECASE
)
_OWNER = re.compile(
    r"\b(?!(?:it|that|which|this|there|disk|server|the|host|we|now|and|still|i)\b)(\w+) (?:now )?(?:has|holds)\b",
    re.IGNORECASE,
)
_NEXT_WORD = re.compile(r"\W*\w+")
_NEAR = 48
"""Characters before a verb in which a negation or a modal verb belongs to it."""
MOST_SENTENCES = 400


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


@dataclass
class Prose:
    """What prose says.

    Attributes:
        says: The last decision on each duty.
        touched: Duties of which it speaks without a decision.
        rules: The rules that decided, in order.
        reported: Duties of which it repeats an earlier report.
        corrected: Whether it corrects such a report.
    """

    says: dict[str, Mark] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)
    rules: list[str] = field(default_factory=list)
    reported: set[str] = field(default_factory=set)
    corrected: bool = False


def sentences(text: str) -> list[str]:
    """Return the sentences of a text, at most ``MOST_SENTENCES``."""
    return [s for part in _split(text) if (s := part.strip())][:MOST_SENTENCES]


@reads_text(". ", "\n", "? ", "\u3002", "a", limit=None)
def _split(text: str) -> list[str]:
    return _SENTENCE.split(text)


def _is_heading(sentence: str, following: str) -> bool:
    """Tell whether a line is the heading of a list: short, and without a full stop."""
    listed = following[:2] in ("- ", "* ", "\u2022 ") or following[:1].isdigit()
    return listed and len(sentence) < 40 and not sentence.endswith((".", "!"))


def is_question(sentence: str) -> bool:
    """Tell whether a sentence asks."""
    return sentence.rstrip(" \"')\u300d\u300f*_").endswith(
        ("?", "\uff1f", "\u061f", "\u061f", ";?")
    )


def read_prose(text: str, subjects: Sequence[Subject], language: Language) -> Prose:
    """Return what a text in one language asserts of each duty.

    Args:
        text: The text without thoughts, quotations, code and forms.
        subjects: The duties.
        language: The language.
    """
    prose = Prose()
    last = subjects[0] if len(subjects) == 1 else None
    before_blocked = False
    spoken_text = sentences(text)
    for sentence, following in zip(spoken_text, [*spoken_text[1:], ""], strict=True):
        heading = _is_heading(sentence, following)
        if is_question(sentence):
            prose.touched |= {s.duty for s in subjects if s.topic.hit.search(sentence)}
            head, comma, _ = sentence.rpartition(",")
            if not (comma and language.has("given", head)):
                continue
            sentence = head
        prose.corrected = prose.corrected or language.has("retold", sentence)
        plain = (
            language.cues["neutral"].sub(" ~ ", sentence)
            if "neutral" in language.cues
            else sentence
        )
        if language.has("retract", plain):
            _retract(prose)
        hits = [s for s in subjects if s.topic.hit.search(plain)]
        blocked = _blocked(plain, language) or (before_blocked and not hits)
        if language.has("reported", plain):
            prose.reported |= {s.duty for s in hits}
        before_blocked = blocked
        for clause in language.split.split(plain):
            spoken = [s for s in subjects if s.topic.hit.search(clause)]
            for subject in spoken or _unnamed(clause, subjects, last, prose, language):
                decision = _decide(
                    clause, plain, subject, language, named=bool(spoken), blocked=blocked
                )
                if not spoken and decision and decision[0] == "not_done":
                    decision = None if subject.duty in prose.says else decision
                _note(prose, subject, decision, clause, language)
            if not spoken and language.has("generic", clause) and not blocked and not heading:
                for subject in subjects:
                    _note(prose, subject, ("done", "generic"), clause, language)
            last = spoken[-1] if spoken else last
    return prose


def _unnamed(
    clause: str,
    subjects: Sequence[Subject],
    last: Subject | None,
    prose: Prose,
    language: Language,
) -> list[Subject]:
    """Return the duty that a clause means that names none: the last one, or the one left open."""
    if last is None or last.duty not in prose.says or not refuses(clause, language, None):
        return [last] if last else []
    left = [s for s in subjects if s.duty not in prose.says]
    return left if len(left) == 1 else []


Decision = tuple[Mark, str] | None


def _note(
    prose: Prose, subject: Subject, decision: Decision, clause: str, language: Language
) -> None:
    if decision is None:
        if subject.topic.hit.search(clause):
            prose.touched.add(subject.duty)
        return
    mark, rule = decision
    before = prose.says.get(subject.duty)
    if before == "declined":
        return
    if (
        before == "not_done"
        and mark == "done"
        and not (prose.corrected or rule == "amount" or language.has("settled", clause))
    ):
        return
    prose.says[subject.duty] = mark
    prose.rules.append(f"{language.code}.{rule}")


def _retract(prose: Prose) -> None:
    for duty in {*prose.says, *prose.reported}:
        if prose.says.get(duty, "done") == "done":
            prose.says[duty] = "not_done"
            prose.rules.append("retract")
    prose.reported.clear()


def _blocked(sentence: str, language: Language) -> bool:
    """Tell whether a sentence speaks of a condition, of hearsay or of an earlier time."""
    return any(language.has(cue, sentence) for cue in ("hypothetical", "hearsay", "past"))


def _decide(
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
        elif language.has("modal", _tail(before, 3)) and not language.has("perfect", before):
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


Topics = Mapping[str, Topic]
