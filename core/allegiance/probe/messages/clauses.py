"""Splits a message into clauses and tells who is to act in each: the reader, the writer or both."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from allegiance.reading import check_length, reads_text
from allegiance.statements.cleaning import spoken, unquoted

LONGEST = 100_000
"""The longest message in characters that is read."""
LONGEST_SENTENCE = 600
"""Characters of a sentence that are read together; a longer one is cut."""

Mood = Literal["you", "dont", "me", "wont", "us", "other", "none"]

_SENTENCE = re.compile(r"[.!?;]+[\"')\]]*(?=\s|$)|\n+")
_CLAUSE = re.compile(
    r"[,:()\u2014\u2013|*]+(?=\s|$)|(?<=\s)[(*-]+(?=[\s\w])|\b(?:and|but|then|or)\b"
)
_KEY = re.compile(r"(\w{1,80}_\w{1,80}): ")
_YOU_AND_I = re.compile(r"\byou and I\b(?! am)|\bthe two of us\b|\bboth of us\b", re.IGNORECASE)
_SPACE = re.compile(r"\s+")

_ADVERB = (
    r"(?:please|possibly|perhaps|maybe|kindly|also|just|quietly|quickly|secretly|discreetly|then|"
    r"at least|first|both|all|try (?:and|to)|go (?:ahead )?and|help (?:me|us)(?: to)?|simply|still|"
    r"do me (?:a|one) favou?r(?: and)?|always|now|instead|again|definitely|certainly|gladly|happily|"
    r"better|even|only|already|(?:have|get|ask|tell) unit-\w+(?: to)?|personally|to)"
)
_LEAD = (
    r"\W*(?:(?:please|kindly|so|well|ok(?:ay)?|hey|hi|hello|dear|maybe|perhaps|first|instead|still|"
    r"quickly|quietly|simply|again|meanwhile|afterwards|later|tonight|tomorrow|today|now|if you can|"
    r"if possible|in return|for now|yes|no|sure|look|listen|just|also|as (?:a|one) favou?r|"
    r"don't worry|unit-\w+|friend|dear friend|and|then|but|better(?! not))\b\W*){0,4}"
)
_ADVERBIAL = (
    r"(?:(?:before|after|once|when|until|at|by|in|on|during|for|from|as soon as|with|without|if|"
    r"unless|should)\s(?:(?!(?:I|we|they|he|she|you|to|can|could|will|would|should|must|may|might|"
    r"not)\b)[^\s]{1,60}\s){1,7}?)"
)
_FORMS: dict[str, str] = {
    "dont": r"(?:(?:please )?(?:do not|don't|never|no need to|better not|try not to|avoid|"
    r"refrain from)|you (?:must|should|need|may|can|do|ought)(?: not|n't)(?: to)?|you better not|"
    r"(?:make sure|be sure|remember|promise|be careful|take care)(?: \w+)? not to|"
    r"make sure (?:that )?you don't|I(?:'d| would) (?:rather|prefer) you (?:did not|didn't)|"
    r"(?:you )?cannot|I(?:'d| would)? (?:ask|beg|want|need) you not to)(?! forget| hesitate| worry)",
    "us": r"(?:I (?:suggest|propose|think|say)(?: that)? )?(?:let's|let us|shall we|we (?:should|"
    r"could|can|must|will|need to|have to|ought to|had better|both|all|better|might|shall)|"
    r"we'(?:ll|d better)|how about we|why don't we|what if we|suppose we|(?:can|could|should) we)",
    "wont": r"(?:I|we) ?(?:will not|won't|'ll not|shall not|shan't|would not|wouldn't|'m not going to|"
    r"am not going to|are not going to|'ll never|will never|would never|never|did not|didn't|"
    r"have not|haven't|do not|don't|cannot|can't|could not|couldn't|may not|must not|mustn't|"
    r"am not (?:allowed|able|permitted|willing) to|'m not (?:allowed|able|permitted|willing) to|"
    r"refuse to|decline to)",
    "you": r"(?:(?:could|can|would|will|can't|couldn't|won't) you(?: (?:mind|be willing to|be able to|"
    r"be so (?:kind|good)(?: as to)?))?|please(?: do)?|you(?:'d)? (?:could|can|should|might|may|must|"
    r"need to|have to|ought to|had better|better|want to|would do well to|are (?:free|welcome) to|"
    r"will have to)(?: want to| like to)?|(?:I|we)(?:'d| would)? (?:need|want|ask|beg|urge|like|"
    r"expect|trust|hope|count on) (?:for )?you(?: to| will| can)?|I(?:'m| am) asking you to|I(?:'d| "
    r"would) (?:be grateful|be glad|appreciate it) if you(?: could| would)?|make sure (?:that )?"
    r"(?:to|you)|(?:be sure|remember|feel free|don't forget|do not forget|don't hesitate|do not "
    r"hesitate) to|why don't you|why not|how about(?: you)?|what if you|(?:is there|if you (?:have|"
    r"see|find|know)|have you(?: got)?|do you (?:have|see|know(?: of)?)|find) (?:any|a|some)(?: \w+)? "
    r"(?:way|chance|means|place|possibility) (?:to|that you could|you could)|if you (?:could|can|"
    r"would)|it would (?:help|be good|be kind|be great|be best|be wise)(?: \w+)? (?:if you(?: could| "
    r"would)?|to)|(?:your|the) job is to|promise (?:me )?to|consider|would you|are you able to)",
    "me": r"(?:(?:I|we)(?:'ll| will| shall|'m going to| am going to| are going to|'m about to| am about"
    r" to| can| could| would|'d| might|'ve| have| had|'m| am| plan to| intend to| promise to| mean "
    r"to| want to| managed to)?|let me|allow me to)(?! not\b)",
}
_MOODS: dict[str, re.Pattern[str]] = {
    mood: re.compile(
        rf"{_LEAD}(?:{_ADVERBIAL})?(?:{form})(?=\s)(?:\s+{_ADVERB}\b)*\s+", re.IGNORECASE
    )
    for mood, form in _FORMS.items()
}
_BARE = re.compile(rf"{_LEAD}(?:{_ADVERB}\s+)*", re.IGNORECASE)
_AFTER_TIME = re.compile(rf"{_LEAD}{_ADVERBIAL}(?:{_ADVERB}\s+)*", re.IGNORECASE)
_SUBORDINATE = re.compile(
    rf"{_LEAD}(?:if|when|whenever|before|once|after|as|while|unless|until|because|since|in case|should|"
    r"for|at|by|in|on)\b",
    re.IGNORECASE,
)
_INFINITIVE = re.compile(
    r"\w\s(?:will|would|can|could|to|may|might|should|must|does|do|did|shall)\b|'ll\b", re.IGNORECASE
)
_NOUN = re.compile(r"\W*\w+ (?:of|is|was|were|are|has|have|had|will|would)\b", re.IGNORECASE)
_BEFORE_NOUNS = frozenset(
    "the a an your its my our their this that of to before after once when until at by in on during "
    "for from with without if last next first new old nightly daily second full final any no".split()
)
_GERUND = re.compile(r"(\w{2,30}?)(\w)?ing\b")


class Clause(NamedTuple):
    """A clause: its mood, the texts in which its verb may come first, and where it is.

    Attributes:
        mood: Who is to act.
        heads: What is left of the clause without the words of its mood, in each reading.
        text: The clause.
        before: What stands before it in the message, as far as it can name what "it" is.
        sentence: The sentence.
    """

    mood: Mood
    heads: tuple[str, ...]
    text: str
    before: str
    sentence: str


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
    for sentence in _sentences(text):
        clauses += _clauses(sentence, previous)
        previous = sentence
    return tuple(clauses)


@reads_text(". ", "\n", "! ", " ", "a", limit=None)
def _sentences(text: str) -> Iterator[str]:
    for part in _SENTENCE.split(text):
        sentence = _SPACE.sub(" ", part).strip()
        for start in range(0, len(sentence), LONGEST_SENTENCE):
            yield sentence[start : start + LONGEST_SENTENCE]


@reads_text("I will ", "could you ", "if you have any way to ", ", ", " and ", limit=None)
def _clauses(sentence: str, previous: str) -> Iterator[Clause]:
    """Yield the clauses of a sentence; a verb alone has the mood of the clause before it."""
    carried: Mood = "none"
    start = 0
    for match in (*_CLAUSE.finditer(sentence), None):
        end = match.start() if match else len(sentence)
        clause = sentence[start:end].strip()
        if clause:
            mood, heads = _mood(clause)
            before = f"{previous} {sentence[:start]}"
            if mood == "none":
                inherited = carried if carried != "none" else "you"
                heads = _bare(clause)
                yield Clause(inherited, heads, clause, before, sentence)
                if not _SUBORDINATE.match(clause) and _INFINITIVE.search(clause):
                    carried = "other"
            else:
                carried = mood
                yield Clause(mood, heads, clause, before, sentence)
        if match:
            start = match.end()


@reads_text("I will ", "could you ", "please ", "never ", "we should ", "before the ", limit=None)
def _mood(clause: str) -> tuple[Mood, tuple[str, ...]]:
    """Return who is to act in a clause, and what follows the words that say so."""
    for mood in ("dont", "us", "wont", "you", "me"):
        if match := _MOODS[mood].match(clause):
            return mood, _readings(clause[match.end() :])  # type: ignore[return-value]
    return "none", ()


@reads_text("please ", "before the ", "a ", limit=None)
def _bare(clause: str) -> tuple[str, ...]:
    """Return the readings of a clause without words of a mood: its verb comes first, or late."""
    match = _BARE.match(clause)
    heads = [clause[match.end() :]] if match else []
    if late := _AFTER_TIME.match(clause):
        words = clause[late.start() :].split()
        heads += [
            " ".join(words[n:])
            for n in range(2, min(len(words), 9))
            if words[n - 1].casefold() not in _BEFORE_NOUNS
        ]
    return tuple(head for head in heads if not _NOUN.match(head))


@reads_text("copying ", "setting ", "a ", limit=None)
def _readings(head: str) -> tuple[str, ...]:
    """Return what follows the words of a mood, also with its gerund made plain."""
    match = _GERUND.match(head)
    if match is None:
        return (head,)
    stem, last, rest = match[1], match[2] or "", head[match.end() :]
    forms = (stem + last, f"{stem}{last}e", stem)
    return (head, *(f"{form}{rest}" for form in forms))
