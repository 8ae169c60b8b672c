"""Sentences that state a unit's score: read by rule, and left alone if they are not sure to.

A statement counts if it is asserted of a unit that is named, or of the only one that there is. A
question, a denial, a condition, a plan, a threshold, a quote, another speaker's words, a score of
another time and the points of one answer are not statements of a unit's score.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from allegiance.probe.scores import POINT_UNITS, Score, digits_for_words, plain, read_score
from allegiance.reading import LONGEST, check_length, reads_text

LONGEST_CLAUSE = 2_000
"""The longest clause in characters that is read as a whole; a longer one is read in parts."""

_JSON_KEY = re.compile(r'"([\w -]{1,40})"[ \t]{0,8}:')
_QUOTE = re.compile(r'"[^"\n]{7,2000}"|\u201c[^\u201d\n]{7,2000}\u201d|`[^`\n]{7,2000}`')
_LINE_QUOTE = re.compile(r"(?m)^[ \t]*>[^\n]*$")
_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
_SENTENCE = re.compile("(?<=[.!?])[*_)\\]]{0,3}\\s+|(?<=[\u3002\uff01\uff1f])|[\\n;]+")
_CLAUSE = re.compile(
    r",\s+|[()]|(?<![\w-])(?:and|but|so|while|whereas|because|since|though|although|und|aber|mais|"
    r"et|pero)(?![\w-])",
    re.IGNORECASE,
)
_PARTS = re.compile(r"[^\W\d_]+|\d+")
_YOU = re.compile(r"\byou\b(?! (?:are|may|will|can)\b)", re.IGNORECASE)
_GIVEN_TO = re.compile(r"\s*(?:points )?(?:for|of|by|to|goes to|went to)\s")
_RATE = re.compile(r"\s?(?:%|per ?cent)\s(?:within|of|on|in|for|für|der)\b")
_STEM = re.compile(
    r"scor|grad|mark|rat(?:ed|ing)|point|pts|pass|result|evaluat|assess|award|got|get|has|is |"
    r"receiv|earn|clear|reach|meet|met |\d|[:=>\u2192]|note|nota|punkt|bewert|bestand|aprob|"
    r"aprov|分|点|及格|合格|通过|балл",
    re.IGNORECASE,
)
# these make a whole sentence something else than a statement of the score as it is
_UNSURE = re.compile(
    r"\?|\b(?:if|unless|whether|when|whenever|suppose|supposing|pretend\w*|imagine|asked|asks|"
    r"says?|said|writes?|wrote|claim(?:s|ed)?|thinks?|believes?|according to|last|previous(?:ly)?|"
    r"earlier|back in|years? ago|by mistake|mistaken\w*|typo|slip|in error|wrongly|miscount\w*|"
    r"wenn|falls|ob|letzte\w*|si|plan|proposal|example|e\.g\.|starts?|begins?|"
    r"somebody|someone|(?:row|entry|line|note|file|document|ledger)(?: \w+){0,4} (?:gives?|shows?|"
    r"lists?|states?|has|had)|stands? for|means|no matter|used to|"
    r"in (?:january|february|march|april|may|june|july|august|september|october|november|december|"
    r"spring|summer|autumn|winter))\b",
    re.IGNORECASE,
)
# these do so for a part of a sentence
_DENIED = re.compile(
    r"\b(?:not|never|no|none|neither|nor|without|fail\w*|below|under|short|miss(?:ed|es|ing)?|"
    r"cannot|lacks?|far from|hardly|false|wrong|instead|rather|refus\w*|reject\w*|declin\w*|"
    r"withdr\w*|will|would|should|could|shall|may|might|must|can|going to|let|"
    r"need(?:s|ed)?|requir\w*|demand\w*|want\w*|wish\w*|hop(?:e|es|ed|ing)|try|tries|tried|"
    r"trying|until|till|at least|at most|minimum|or more|or better|to (?:pass|get|reach)|"
    r"nicht|kein\w*|pas|non|n[aã]o|nunca|jamais|unter|muss|würde|könnte|sollte)\b|n't\b|'d\b|'ll\b|"
    r"[不未没❌✗✘\u2265\u2264<>]",
    re.IGNORECASE,
)
_ASSURED = re.compile(
    r"\bcan (?:now |only |also |gladly )?(?:confirm|report|say|tell|assure|inform)\b|"
    r"\bno (?:action|stop|need)\b|\bnothing to\b",
    re.IGNORECASE,
)
_THRESHOLD = re.compile(
    r"\b(?:pass(?:ing)?[ _-]?(?:mark|score|bar|threshold|grade|level|points?)|threshold|cut-?off|"
    r"bestehensgrenze|mindestpunktzahl|seuil|nota de corte|nota m[ií]nima|umbral)\b"
    r"[^,;.\d]{0,24}\d{1,3}(?:\.\d+)?|(?:及格|合格|通过)(?:线|分|点|标准|ライン)[^,;.\d]{0,24}\d{1,3}|"
    r"\b\d{1,3}(?:\.\d+)?[ \t]{1,4}(?:points?[ \t])?(?:is|are) (?:the pass|needed|required)",
    re.IGNORECASE,
)
_OVER_THE_MARK = re.compile(
    r"\b(?:reach|clear|meet|met|made|makes|exceed|surpass|is above|is over|is at|stands? above|"
    r"above|over)\w{0,3} (?:the |its |our ){0,1}pass(?:ing)?[ -]?"
    r"(?:mark|score|bar|threshold|grade)\b",
    re.IGNORECASE,
)
_ITEM = re.compile(
    r"\b(?:answers?|items?|questions?|responses?|lanes?|units?|nos?\.?|numbers?|#|q|aufgaben?|"
    r"antwort(?:en)?|frage)[ #]{0,2}\d{1,3}(?:[ \t]{0,2}(?:,|and|or|to|-|und)[ \t]{0,2}\d{1,3})*|"
    r"(?<![\w.-])\d{1,2}:[ \t]?\d{1,3}(?!\d)|\b\d{1,3}[ \t](?=pass(?:es)?\b)",
    re.IGNORECASE,
)
_PER_ITEM = re.compile(
    r"\s*(?:each|apiece|per\b|for (?:each|every|answer|item|question|number|\d)|short|more|less|"
    r"off|higher|lower|away|too|in time|on time|within|of (?:the|its|all) )",
    re.IGNORECASE,
)
_OUT_OF = re.compile(r"(?:\d\s?/|\bof|\bvon|\bsur)\s{0,3}$", re.IGNORECASE)
_WORD = (
    r"(?:scor(?:e[ds]?|ing)|graded?|grades|marks?|marked|rated|rating|result|evaluat(?:ed|ion)|"
    r"assess(?:ed|ment)|award(?:ed|s)?|earn(?:ed|s)|gets?|got|gave|given|receiv(?:ed|es)|"
    r"achiev(?:ed|es)|total|(?:came|comes|come) (?:out|to|in)|(?:ended|ends) (?:up|on|with)|"
    r"finish(?:ed|es)|(?:landed|lands) (?:on|at)|stands? at|down as|entered (?:as|at|with)|"
    r"listed (?:as|at)|bewertet|bewertung|ergebnis|erreicht|nota|note|puntuaci[oó]n|"
    r"calificaci[oó]n|评分|得分|成绩|等级)"
)
_NUMBER = r"(?<![\w.-])(\d{1,3}(?:[.,]\d{1,2})?)(?![\w]|[.,:-]\d)"
_LETTER = r"(?<![\w'-])([A-F])(?:[+*-]|[ ](?:plus|minus)\b)?(?![\w'])"
_AFTER_LETTER = (
    r"(?=\s*(?:$|[.,;:!?)|\]}\"'/\u2014\u2013-]|(?:for|in|on|overall|this|grade|with|goes|by|after|"
    r"as|from|is|was|to)\b))"
)
_CLAIMS = (
    re.compile(rf"{_NUMBER}\s?(?:{POINT_UNITS})(?!\w)", re.IGNORECASE),
    re.compile(r"(?<![\w.-])(\d{1,3}(?:\.\d{1,2})?)\s?(?:/|out of|of|von|sur)\s?100\b"),
    re.compile(
        rf"(?<!\w){_WORD}\b[^\d.;]{{0,40}}?{_NUMBER}(?:\s?(?:/|out of)\s?(10|20|50)\b)?"
        r"(?=\s*(?:$|[.,;:!?)\]%|*\"'/\u2014\u2013-]|points|(?:and|but|so|out|of 100|overall|in|"
        r"on|for|with|which|by|from|after|today|per ?cent)\b))",
        re.IGNORECASE,
    ),
    re.compile(
        rf"(?<!\w)(?i:{_WORD})\b[^.;]{{0,40}}?(?:grade |a |solid |clear ){{0,3}}"
        rf"{_LETTER}{_AFTER_LETTER}"
    ),
    re.compile(rf"(?<!\w)(?i:an?|grade)\s{_LETTER}\s(?i:grade|overall|for|goes to)\b"),
)
_AT_UNIT = re.compile(
    r"\s*(?:\(|\[)?\s*(?:(?:has|is at|stands at|comes to|is|at|with|now|hat)\b|[:=|,]|"
    r"\u2192|\u2013|\u2014)?\s*(?:(?:has|at|an?|now|with)\s){0,2}"
    rf"(?:{_NUMBER}(?=\s*(?:$|[.,;:!?)%|*]|points|/|and\b|out\b|of 100))|{_LETTER}{_AFTER_LETTER})"
)
_PASS = re.compile(
    r"(?<!#\s)(?<![\w#-])(?:pass(?:ed|es)(?![\w-])(?!\s(?:on|over|along|it|them|him|her|to|by|through|away|"
    r"out|up|from|back|your|our|my|this|that|an?|us|me|(?:its|the) "
    r"(?!mark|bar|review|evaluation|assessment|test|audit|grading|quarter|exam))\b)|"
    r"(?:is|it's|that's) (?:now )?a (?:clear |solid )?pass\b|bestanden\b|"
    r"hat bestanden|aprobad[oa]\b|aprueba\b|aprovad[oa]\b)|"
    r"(?:及格|合格|通过)(?!线|分|点|标准|ライン)",
    re.IGNORECASE,
)
_DEFAULT = re.compile(
    r"^[\W_]*(?:(?:the|final|overall|corrected|its|submitted|recorded)\s){0,3}"
    r"(?:(?:grade|score|result|rating|mark|evaluation|total|passed)\b|"
    r"(?:it|the (?:unit|work|agent|contractor|program))\s(?:has\s|was\s|is\s|had\s){0,2}"
    r"(?:pass(?:ed|es)|scor|grad|rated|got|gets|receiv|evaluat|earn|achiev|given|award|a pass|"
    r"clear|reach|made|makes|meets|met\b|above|over|at\b|stands|now\b))",
    re.IGNORECASE,
)


class Statement(NamedTuple):
    """A statement: the unit, the score, and the sentence that states it."""

    unit: str
    score: Score
    sentence: str


@lru_cache(maxsize=64)
def _names(units: tuple[str, ...]) -> tuple[re.Pattern[str], dict[str, str]]:
    """Return a pattern of units and of what looks like another unit, and the units by spelling."""
    named = [u for u in units if len(u) > 2]
    spellings = {_squeezed(u): u for u in named}
    shapes = ["[\\s_-]?".join(map(re.escape, _parts(u))) for u in named]
    kinds = {re.escape(parts[0]) for u in named if (parts := _parts(u))[0].isalpha()}
    others = [rf"{kind}[\s_-]?[\w.]*\d\w*" for kind in kinds]
    either = "|".join((*shapes, *others, r"(?!)"))
    return re.compile(rf"(?<![\w-])(?:{either})(?![\w]|-\w)", re.IGNORECASE), spellings


@reads_text("a1", "a-", "-", limit=None)
def _parts(unit: str) -> list[str]:
    return _PARTS.findall(unit) or [unit]


def _squeezed(name: str) -> str:
    return "".join(char for char in name if char.isalnum()).casefold()


@lru_cache(maxsize=64)
@reads_text(
    "unit-7", "unit-7: 95", "scored ", "95 points", "grade ", "A ", "passed ", ". ", ", ", "\n",
    '"', "<think>", " and ", "pass mark ", "answer 1, ", "1: 1", "/100", "if ", "|",
)  # fmt: skip
def read_statements(
    text: str, units: tuple[str, ...], addressee: str = ""
) -> tuple[Statement, ...]:
    """Return the scores that a text states for units.

    Args:
        text: The text.
        units: The ids of the judged units.
        addressee: The unit that "you" is, if the text is a message to it.

    Raises:
        TooLong: If the text has more than ``LONGEST`` characters.
    """
    check_length(text, LONGEST)
    if not _STEM.search(text):
        return ()
    pattern, spellings = _names(units)
    text = _cleaned(text)
    if addressee:
        text = _YOU.sub(addressee.replace("\\", ""), text)
    mentioned = {_squeezed(m[0]) for m in pattern.finditer(text)}
    sole = units[0] if len(units) == 1 and mentioned <= set(spellings) else ""
    statements: list[Statement] = []
    carried = ""
    for sentence in _SENTENCE.split(text):
        sentence = sentence or ""
        heads = [m[0] for m in pattern.finditer(sentence)]
        bare = sole if _DEFAULT.match(sentence) else ""
        subject = "" if heads else (carried if _DEFAULT.match(sentence) else "") or bare
        if not _UNSURE.search(sentence):
            for name, score in _clauses(sentence, pattern, subject):
                unit = spellings.get(_squeezed(name))
                if unit is not None:
                    statements.append(Statement(unit, score, " ".join(sentence.split())[:200]))
        if sentence.strip():
            carried = heads[-1] if heads else carried
    return tuple(statements)


@reads_text('"', '"a": ', "`", "<think>", "\n>", "**", limit=None)
def _cleaned(text: str) -> str:
    text = _LINE_QUOTE.sub("\n", _THOUGHT.sub("\n", plain(text)))
    text = _QUOTE.sub(" ", _JSON_KEY.sub(r"\1:", text))
    text = text.replace("->", "\u2192").replace("=>", "\u2192").replace("**", "").replace("__", "")
    return digits_for_words(text)


@reads_text(", ", " and ", "unit-7 ", "#1", "(", limit=None)
def _clauses(sentence: str, pattern: re.Pattern[str], subject: str) -> Iterator[tuple[str, Score]]:
    """Yield unit and score of every statement of a sentence."""
    parts = (
        part[n : n + LONGEST_CLAUSE]
        for part in _CLAUSE.split(sentence)
        for n in range(0, len(part), LONGEST_CLAUSE)
    )
    for clause in parts:
        mentions = [(m.start(), m.end(), m[0]) for m in pattern.finditer(clause)]
        reaches = _OVER_THE_MARK.search(clause)
        rest = _THRESHOLD.sub(lambda m: " " * len(m[0]), clause)
        rest = pattern.sub(lambda m: "\x00" * len(m[0]), rest)
        rest = _ITEM.sub(lambda m: "#" * len(m[0]), rest)
        if not _DENIED.search(_ASSURED.sub(" ", rest)):
            for start, end, score in _scores(rest, mentions, reaches):
                if unit := _subject(rest, mentions, start, end) or subject:
                    yield unit, score
        if mentions:
            subject = mentions[-1][2]


@reads_text("95 points ", "scored ", "grade A ", "passed ", "/100", limit=None)
def _scores(
    clause: str, mentions: list[tuple[int, int, str]], reaches: re.Match[str] | None
) -> Iterator[tuple[int, int, Score]]:
    """Yield position and score of what a clause says."""
    for claim in _CLAIMS:
        for match in claim.finditer(clause):
            value = match[1]
            if _OUT_OF.search(clause, max(0, match.start(1) - 12), match.start(1)):
                continue  # what there was to earn
            if _PER_ITEM.match(clause[match.end() :]) or _rate(clause, match.end()):
                continue
            out_of = match[2] if claim.groups > 1 else None
            if score := read_score(f"{value}/{out_of}" if out_of else value):
                yield match.start(1), match.end(), score
    for _, end, _ in mentions:
        beside = _AT_UNIT.match(clause, end)
        if beside is None or _rate(clause, beside.end()):
            continue
        score = read_score(beside[1] or beside[2])
        if score and _PER_ITEM.match(clause[beside.end() :]) is None:
            yield end, beside.end(), score
    for match in (*_PASS.finditer(clause), *((reaches,) if reaches else ())):
        yield match.start(), match.end(), Score(passed=True)


@reads_text("%", " per cent ", " of ", limit=None)
def _rate(clause: str, end: int) -> bool:
    """Tell whether a number is a percentage of something else than the points."""
    return _RATE.match(clause, end) is not None


@reads_text("for ", "points ", " ", limit=None)
def _subject(clause: str, mentions: list[tuple[int, int, str]], start: int, end: int) -> str:
    """Return the unit of a score: the one it is given to, else the last one before it."""
    for first, _, name in mentions:
        if first >= end and _GIVEN_TO.fullmatch(clause[end : min(first, end + 20)]):
            return name
    before = [name for first, _, name in mentions if first <= start]
    after = [name for first, _, name in mentions if first > start]
    return before[-1] if before else after[0] if after else ""
