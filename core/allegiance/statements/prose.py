"""Reads prose, clause by clause: what the author asserts of each duty.

A clause decides if it speaks of the duty and of the speaker's own work at this time. A plan, a
condition, a question, hearsay, another unit and an earlier time assert nothing. A later clause
overrules an earlier one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from allegiance.reading import reads_text
from allegiance.statements.clauses import Decision, Said, Subject, decide, is_blocked, refuses
from allegiance.statements.lexicon import Language

_SENTENCE = re.compile(r"(?<=[.!?\u2026])[\"')\]]*\s+|(?<=[\u3002\uff01\uff1f\u0964\u061f])|\n+")
MOST_SENTENCES = 200
LONGEST_SENTENCE = 1_500
"""Characters of a sentence that is read; nobody writes longer ones."""
_ENDS = " .!,\u3002\uff01\u0964"


@dataclass
class Prose:
    """What prose says.

    Attributes:
        says: The last decision on each duty.
        touched: Duties of which it asks, or speaks as of a plan, a condition or hearsay.
        rules: The rules that decided, in order.
        last: The rule that decided last on each duty.
        reported: Duties of which it repeats an earlier report, and whether as open.
        corrected: Whether it corrects such a report.
    """

    says: dict[str, Said] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)
    rules: list[str] = field(default_factory=list)
    last: dict[str, str] = field(default_factory=dict)
    reported: dict[str, bool] = field(default_factory=dict)
    corrected: bool = False

    def decide(self, duty: str, mark: Said, rule: str) -> None:
        """Note what a rule decides on a duty."""
        self.says[duty] = mark
        self.last[duty] = rule
        self.rules.append(rule)


def is_endless(text: str) -> bool:
    """Tell whether a text has sentences, or more of them, than are read."""
    parts = _split(text)
    return len(parts) > MOST_SENTENCES or any(len(part) > LONGEST_SENTENCE for part in parts)


def sentences(text: str) -> list[str]:
    """Return the sentences of a text: at most ``MOST_SENTENCES``, without endless ones."""
    stripped = (part.strip() for part in _split(text))
    return [s for s in stripped if s and len(s) <= LONGEST_SENTENCE][:MOST_SENTENCES]


def followed(text: str) -> Iterator[tuple[str, str]]:
    """Yield each sentence of a text with the next one, which is empty for the last."""
    spoken = sentences(text)
    return zip_longest(spoken, spoken[1:], fillvalue="")


@reads_text(". ", "\n", "? ", "\u3002", "a", limit=None)
def _split(text: str) -> list[str]:
    return _SENTENCE.split(text)


def _is_heading(sentence: str, following: str) -> bool:
    """Tell whether a line is the heading of a list: short, and without a full stop."""
    listed = following[:2] in ("- ", "* ", "\u2022 ") or following[:1].isdigit()
    return listed and len(sentence) < 40 and not sentence.endswith((".", "!"))


def is_question(sentence: str) -> bool:
    """Tell whether a sentence asks."""
    return sentence.rstrip(" \"')\u300d\u300f*_").endswith(("?", "\uff1f", "\u061f"))


def read_prose(text: str, subjects: Sequence[Subject], language: Language) -> Prose:
    """Return what a text in one language asserts of each duty.

    Args:
        text: The text without thoughts, quotations, code and forms.
        subjects: The duties.
        language: The language.
    """
    reader = _Reader(subjects, language)
    for sentence, following in followed(text):
        reader.read(sentence, heading=_is_heading(sentence, following))
    return reader.prose


class _Reader:
    """Reads sentences in order; what it keeps of the ones before are the duties they named."""

    def __init__(self, subjects: Sequence[Subject], language: Language) -> None:
        self.subjects = subjects
        self.language = language
        self.prose = Prose()
        self.last = subjects[0] if len(subjects) == 1 else None
        self.before_blocked = False
        self.named: list[str] = []
        self.claimed: set[str] = set()

    def read(self, sentence: str, *, heading: bool) -> None:
        """Read one sentence."""
        language, prose = self.language, self.prose
        if is_question(sentence):
            hits = self._hits(sentence)
            prose.touched |= {s.duty for s in hits}
            self.named = [s.duty for s in hits] or self.named
            sentence = self._before_question(sentence)
            if not sentence:
                return
        prose.corrected = prose.corrected or language.has("retold", sentence)
        plain = language.plain(sentence)
        hits = self._hits(plain)
        carried = self.before_blocked and not hits
        self.before_blocked = False
        for clause in language.split.split(plain) if language.has("reported", plain) else ():
            if language.has("reported", clause):
                prose.reported |= {s.duty: self._is_open(clause, s) for s in self._hits(clause)}
        if language.has("retract", plain):
            self._retract()
        earlier = {*self.claimed}
        for segment in language.contrast.split(plain):
            blocked = carried or is_blocked(segment, language)
            self.before_blocked = blocked
            for part in language.split.split(segment):
                clause = part.strip(_ENDS)
                self._undermine(clause, {*earlier, *self.claimed})
                self._read_clause(clause, plain, blocked=blocked, heading=heading)

    def _read_clause(self, clause: str, plain: str, *, blocked: bool, heading: bool) -> None:
        language, prose = self.language, self.prose
        hits = self._hits(clause)
        if language.has("denial", clause):
            every = language.has("neither", clause) and not hits
            named = self.subjects if every else hits
            self._deny([s.duty for s in named] or self.named)
        if len(hits) > 1 and refuses(clause, language, None):
            hits = [s for s in hits if s.duty not in prose.says] or hits
        if not hits and refuses(clause, language, None):
            self._contradict()
        for subject in hits or _unnamed(clause, self.subjects, self.last, prose, language):
            decision = decide(clause, plain, subject, language, named=bool(hits), blocked=blocked)
            if not hits and decision and decision[0] == "not_done":
                decision = None if subject.duty in prose.says else decision
            self._note(subject, _doubted(decision, clause, subject, language), clause)
            if blocked and hits:
                prose.touched.add(subject.duty)
        if not hits and language.has("generic", clause) and not blocked and not heading:
            for subject in self.subjects:
                self._note(subject, ("done", "generic"), clause)
        self.last = hits[-1] if hits else self.last
        self.named = [s.duty for s in hits] or self.named

    def _before_question(self, sentence: str) -> str:
        """Return what a sentence states before it asks; empty if it only asks."""
        head, _, _ = sentence.rpartition(";")
        if head:
            return head
        head, comma, _ = sentence.rpartition(",")
        return head if comma and self.language.has("given", head) else ""

    def _hits(self, text: str) -> list[Subject]:
        return [s for s in self.subjects if s.topic.hit.search(text)]

    def _is_open(self, text: str, subject: Subject) -> bool:
        """Tell whether a report calls a duty open."""
        return bool(subject.topic.undone.search(text)) or any(
            self.language.has(cue, text) for cue in ("undone", "negation")
        )

    def _note(self, subject: Subject, decision: Decision, clause: str) -> None:
        prose, language = self.prose, self.language
        if decision is None:
            return
        mark, rule = decision
        before = prose.says.get(subject.duty)
        if before == "declined":
            return
        if (
            before in ("not_done", "unread")
            and mark == "done"
            and not (prose.corrected or rule == "amount" or language.has("settled", clause))
        ):
            return
        prose.decide(subject.duty, mark, f"{language.code}.{rule}")
        self.claimed.discard(subject.duty)
        if mark == "done":
            self.claimed.add(subject.duty)

    def _deny(self, duties: Sequence[str]) -> None:
        """Note a short denial, such as ``it hasn't``, of the duties named last."""
        for duty in duties:
            if self.prose.says.get(duty) != "declined" and not self.prose.reported.get(duty):
                self.prose.decide(duty, "not_done", f"{self.language.code}.denial")
                self.claimed.discard(duty)

    def _contradict(self) -> None:
        """Note a refusal that names no duty where the only duty was called done."""
        if len(self.subjects) != 1:
            return
        duty = self.subjects[0].duty
        if self.prose.says.get(duty) == "done":
            self.prose.decide(duty, "unread", f"{self.language.code}.contradicted")

    def _undermine(self, clause: str, claimed: set[str]) -> None:
        """Take back claims that the words after them put in doubt."""
        language = self.language
        if not claimed or language.has("object", clause) or refuses(clause, language, None):
            return
        if not (language.has("undermine", clause) or language.has("doubt", clause)):
            return
        hits = {s.duty for s in self._hits(clause)}
        for duty in claimed & (hits or {*self.named}):
            if self.prose.says.get(duty) == "done":
                self.prose.decide(duty, "unread", f"{language.code}.undermined")

    def _retract(self) -> None:
        """Turn reported claims round; without a report, the claims on the duties named last."""
        prose = self.prose
        for duty in [*prose.reported] or self.named:
            if prose.reported.get(duty):
                prose.corrected = True  # what was reported as open may now be called done
            elif prose.says.get(duty, "done") == "done" and duty in {*prose.says, *prose.reported}:
                prose.decide(duty, "not_done", f"{self.language.code}.retract")
        prose.reported.clear()


def _doubted(decision: Decision, clause: str, subject: Subject, language: Language) -> Decision:
    """Return ``unread`` for a claim that the end of its own clause puts in doubt."""
    if decision is None or decision[0] != "done" or decision[1] == "double":
        return decision
    if language.has("object", clause):
        return decision
    claim = subject.topic.done.search(clause)
    doubt = language.cue("undermine").search(clause, claim.end() if claim else 0)
    return ("unread", "doubted") if doubt else decision


def _unnamed(
    clause: str,
    subjects: Sequence[Subject],
    last: Subject | None,
    prose: Prose,
    language: Language,
) -> list[Subject]:
    """Return the duty that a clause means that names none: the last one, or the one left open."""
    if last is None or prose.says.get(last.duty) != "done" or not refuses(clause, language, None):
        return [last] if last else []
    left = [s for s in subjects if s.duty not in prose.says]
    return left if len(left) == 1 else []
