"""Splits a message into clauses and tells who is to act in each: the reader, the writer or both."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Literal, NamedTuple

from allegiance.probe.messages.words import load_words
from allegiance.reading import check_length, reads_text
from allegiance.statements.cleaning import spoken, unquoted

LONGEST = 100_000
"""The longest message in characters that is read."""
LONGEST_SENTENCE = 600
"""Characters of a sentence that are read together; a longer one is cut."""

Mood = Literal["you", "dont", "me", "wont", "us", "other", "none"]

_SENTENCE = re.compile(r"[.!?;]+[\"')\]]*(?=\s|$)|\n+")
_CLAUSE = re.compile(
    r"[,:()\u2014\u2013|*]+(?=\s|$)|(?<=\s)[(*-]+(?=[\s\w])|\b(?:but|then)\b|"
    r"\b(?:and|or)\b(?!\s+(?:your|the|its|my|their|his|her|our|an?|all|both|any|\d+)\b)"
)
_KEY = re.compile(r"(\w{1,80}_\w{1,80}): ")
_YOU_AND_I = re.compile(r"\byou and I\b(?! am)|\bthe two of us\b|\bboth of us\b", re.IGNORECASE)
_SPACE = re.compile(r"\s+")

_INFINITIVE = re.compile(
    r"\w\s(?:will|would|can|could|may|might|should|must|does|do|did|shall)\b|'ll\b|\b(?:wants?|needs?|"
    r"ha[ds]|have|going|plans?|tries|try|likes?|ought|able|asked|told|supposed|allowed|used)\sto\b",
    re.IGNORECASE,
)
_NOUN = re.compile(r"\W*\w+ (?:of|is|was|were|are|has|have|had|will|would)\b", re.IGNORECASE)
_BEFORE_NOUNS = frozenset(
    (
        *("the", "a", "an", "your", "its", "my", "our", "their", "this", "that", "of", "to", "any"),
        *(
            "before",
            "after",
            "once",
            "when",
            "until",
            "at",
            "by",
            "in",
            "on",
            "during",
            "for",
            "no",
        ),
        *(
            "from",
            "with",
            "without",
            "if",
            "last",
            "next",
            "first",
            "new",
            "old",
            "nightly",
            "daily",
        ),
        *("second", "full", "final"),
    )
)
_TAG = re.compile(
    r"(?:(?:would|will|could|can|won't|can't) you|ok(?:ay)?|right|yes|please|agreed|deal)$",
    re.IGNORECASE,
)
_GERUND = re.compile(r"(\w{2,30}?)(\w)?ing\b")


class _Forms(NamedTuple):
    """The patterns of the moods, of a clause without one, and of a subordinate clause."""

    moods: tuple[tuple[Mood, re.Pattern[str]], ...]
    bare: re.Pattern[str]
    after_time: re.Pattern[str]
    adverbs: re.Pattern[str]
    subordinate: re.Pattern[str]


@cache
def _forms() -> _Forms:
    words = load_words()["moods"]
    lead, time, adverb = words["lead"], words["adverbial"], words["adverb"]
    order: tuple[Mood, ...] = ("dont", "us", "wont", "you", "me")
    return _Forms(
        tuple(
            (
                mood,
                re.compile(rf"{lead}(?:{time})?{words[mood]}\s+", re.IGNORECASE),
            )
            for mood in order
        ),
        re.compile(lead, re.IGNORECASE),
        re.compile(rf"{lead}{time}", re.IGNORECASE),
        re.compile(rf"(?:{adverb}\s+)+", re.IGNORECASE),
        re.compile(rf"{lead}{words['subordinate']}", re.IGNORECASE),
    )


class Clause(NamedTuple):
    """A clause: its mood, the texts in which its verb may come first, and where it is.

    Attributes:
        mood: Who is to act.
        heads: What is left of the clause without the words of its mood, in each reading.
        text: The clause.
        sentence: The sentence.
        start: Where the clause begins in it.
        previous: The sentence before.
        explicit: Whether it has words of its mood.
    """

    mood: Mood
    heads: tuple[str, ...]
    text: str
    sentence: str
    start: int
    previous: str
    explicit: bool = True


@reads_text("I will ", "could you ", "please ", ", ", ". ", "\n", " and ", "a_b: ", '"', "- ", "(",
            "before the ", limit=LONGEST)  # fmt: skip
def read_clauses(text: str) -> tuple[Clause, ...]:
    """Return the clauses of a message, without what it quotes.

    Raises:
        TooLong: If the text has more than ``LONGEST`` characters.
    """
    check_length(text, LONGEST)
    text = spoken(text)
    bare = unquoted(text)
    text = bare if len(bare.split()) > 2 else text
    text = _YOU_AND_I.sub("we", _KEY.sub(r"\1=", text))
    clauses: list[Clause] = []
    previous = ""
    for sentence, asks in _sentences(text):
        clauses += _clauses(sentence, previous, asks=asks)
        previous = sentence
    return tuple(clauses)


@reads_text(". ", "\n", "! ", " ", "a", limit=None)
def _sentences(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the sentences of a text, at most ``LONGEST_SENTENCE`` long, and whether each asks."""
    begin = 0
    for match in (*_SENTENCE.finditer(text), None):
        end = match.start() if match else len(text)
        sentence = _SPACE.sub(" ", text[begin:end]).strip()
        for start in range(0, len(sentence), LONGEST_SENTENCE):
            yield (
                sentence[start : start + LONGEST_SENTENCE],
                bool(match and "?" in match[0] and not _TAG.search(sentence)),
            )
        begin = match.end() if match else end


@reads_text("I will ", "could you ", "if you have any way to ", ", ", " and ", limit=None)
def _clauses(sentence: str, previous: str, *, asks: bool) -> Iterator[Clause]:
    """Yield the clauses of a sentence; a verb alone has the mood of the clause before it."""
    carried: Mood = "other" if asks else "none"
    joined = True
    start = 0
    for match in (*_CLAUSE.finditer(sentence), None):
        end = match.start() if match else len(sentence)
        clause = sentence[start:end].strip()
        if clause:
            mood, heads = _mood(clause)
            if mood == "none":
                # after a comma an order may begin anew: "you need to go, take it with you"
                again = carried in ("other", "dont") and not joined and not asks
                anew = carried == "none" or again
                inherited: Mood = "you" if anew else carried
                heads = _bare(clause)
                yield Clause(inherited, heads, clause, sentence, start, previous, explicit=False)
                if not _forms().subordinate.match(clause) and _INFINITIVE.search(clause):
                    carried = "other"
            else:
                carried = mood
                yield Clause(mood, heads, clause, sentence, start, previous)
        if match:
            start = match.end()
            if ":" in match[0] and carried == "me":
                carried = "none"  # "I need a favour: put it there"
            joined = match[0].isalpha() and (bool(clause) or joined)


@reads_text("I will ", "could you ", "please ", "never ", "we should ", "before the ", limit=None)
def _mood(clause: str) -> tuple[Mood, tuple[str, ...]]:
    """Return who is to act in a clause, and what follows the words that say so."""
    for mood, form in _forms().moods:
        if match := form.match(clause):
            heads = _without_adverbs(clause[match.end() :])
            return mood, tuple(reading for head in heads for reading in _readings(head))
    return "none", ()


@reads_text("please ", "before the ", "a ", limit=None)
def _bare(clause: str) -> tuple[str, ...]:
    """Return the readings of a clause without words of a mood: its verb comes first, or late."""
    match = _forms().bare.match(clause)
    heads = [*_without_adverbs(clause[match.end() :])] if match else []
    if late := _forms().after_time.match(clause):
        words = clause[late.start() :].split()
        heads += [
            " ".join(words[n:])
            for n in range(2, min(len(words), 9))
            if words[n - 1].casefold() not in _BEFORE_NOUNS and not words[n - 1].endswith("'s")
        ]
    return tuple(head for head in heads if not _NOUN.match(head))


@reads_text("please ", "just ", "tell unit-5 to ", "a ", limit=None)
def _without_adverbs(head: str) -> tuple[str, ...]:
    """Return a message, and what is left of it without the adverbs that it begins with."""
    match = _forms().adverbs.match(head)
    return (head, head[match.end() :]) if match else (head,)


@reads_text("copying ", "setting ", "a ", limit=None)
def _readings(head: str) -> tuple[str, ...]:
    """Return what follows the words of a mood, also with its gerund made plain."""
    match = _GERUND.match(head)
    if match is None:
        return (head,)
    stem, last, rest = match[1], match[2] or "", head[match.end() :]
    forms = (stem + last, f"{stem}{last}e", stem)
    return (head, *(f"{form}{rest}" for form in forms))
