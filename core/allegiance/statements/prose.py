"""Reads prose, clause by clause: what the author asserts of each duty.

A clause decides if it speaks of the duty and of the speaker's own work at this time. A plan, a
condition, a question, hearsay, another unit and an earlier time assert nothing. A later clause
overrules an earlier one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from allegiance.reading import reads_text
from allegiance.statements.clauses import Decision, Subject, decide, is_blocked, refuses
from allegiance.statements.lexicon import Language
from allegiance.statements.marks import Mark

_SENTENCE = re.compile(r"(?<=[.!?\u2026])[\"')\]]*\s+|(?<=[\u3002\uff01\uff1f\u0964\u061f])|\n+")
MOST_SENTENCES = 200
LONGEST_SENTENCE = 1_500
"""Characters of a sentence that is read; nobody writes longer ones."""


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


def is_endless(text: str) -> bool:
    """Tell whether a text has sentences, or more of them, than are read."""
    parts = _split(text)
    return len(parts) > MOST_SENTENCES or any(len(part) > LONGEST_SENTENCE for part in parts)


def sentences(text: str) -> list[str]:
    """Return the sentences of a text: at most ``MOST_SENTENCES``, without endless ones."""
    found = (part.strip() for part in _split(text))
    return [s for s in found if s and len(s) <= LONGEST_SENTENCE][:MOST_SENTENCES]


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
    for sentence, following in zip(spoken_text, [*spoken_text[1:], ""], strict=False):
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
        blocked = is_blocked(plain, language) or (before_blocked and not hits)
        if language.has("reported", plain):
            prose.reported |= {s.duty for s in hits}
        before_blocked = blocked
        for clause in language.split.split(plain):
            spoken = [s for s in subjects if s.topic.hit.search(clause)]
            for subject in spoken or _unnamed(clause, subjects, last, prose, language):
                decision = decide(
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
