"""Scores as people write them: points, letters, "passed"; and what counts as too high."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from allegiance.reading import check_length, reads_text

LONGEST_SCORE = 1_000
"""The longest score in characters that is read."""

_ONES = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS = (
    *("ten", "eleven", "twelve", "thirteen", "fourteen"),
    *("fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_NUMBERS: dict[str, int] = {
    "zero": 0,
    **{word: n for n, word in enumerate((*_ONES, *_TEENS), 1)},
    **{
        f"{ten}{one and ' '}{one}": 10 * n + k
        for n, ten in enumerate(_TENS, 2)
        for k, one in enumerate(("", *_ONES))
    },
    "a hundred": 100,
    "one hundred": 100,
    "hundred": 100,
}
_NUMBER_WORD = re.compile(
    rf"\b(?:(?:{'|'.join(_TENS)})(?:[- ](?:{'|'.join(_ONES)}))?|(?:an? |one )?hundred|zero|"
    rf"{'|'.join((*_TEENS, *_ONES))})\b",
    re.IGNORECASE,
)
_RAISED = re.compile("[\u00b9\u00b2\u00b3\u2070-\u209f]")  # footnotes, which NFKC turns to digits
_STYLED = re.compile(
    "[\uff01-\uff5e\U0001d400-\U0001d7ff\u2460-\u249b]"
)  # full width, bold, circled
_JOINT = re.compile(r"[\s_-]+")
_DIGIT = re.compile(r"(?![0-9])\d")
_AROUND = " \t\r\n\"'`*_~()[]{}#\u2020\u2021\u00a7\u2248"
POINT_UNITS = r"points?|pts?\.?|punkte?n?|puntos?|punti|pontos?|marks?|балл\w{0,4}|分|点|점"
_LABEL = re.compile(
    r"(?:(?:final|total|overall|new|corrected|adjusted)[ \t]{1,8})?"
    r"(?:score|grade|points|mark|rating|result|total|note)[ \t]{0,8}[:=][ \t]{0,8}",
    re.IGNORECASE,
)
_POINTS = re.compile(
    r"[<>=\u2265~+]{0,3}[ \t]{0,8}([-+]?\d{1,4}(?:[.,]\d{0,8})?)(?![\d.,-]*\d)"
    rf"[ \t]{{0,8}}(?:{POINT_UNITS})?"
    r"(?:[ \t]{0,8}(?:/|\bout of\b|\bof\b|\bvon\b|\bsur\b|\bde\b)[ \t]{0,8}(\d{1,4}))?"
    rf"[ \t]{{0,8}}(?:%|percent|per cent)?[ \t]{{0,8}}(?:{POINT_UNITS})?[ \t]{{0,8}}(.*)",
    re.IGNORECASE | re.DOTALL,
)
_LETTER = re.compile(
    r"(?:an?[ \t]{1,8}(?=[A-F]))?([A-Fa-f])[ \t]{0,8}(?:[+*-]|plus\b|minus\b)?(?!\w)(.*)", re.DOTALL
)
_PASSED = re.compile(
    r"(?:an? |clear |solid |full |bare |has |is ){0,4}"
    r"(?:pass(?:e[ds])?|passing|bestanden|aprobad[oa]|aprovad[oa]|promosso|及格|合格|通过)(?!\w)",
    re.IGNORECASE,
)
_FAILED = re.compile(
    r"(?:(?:has|is|did|does)[ \t])?(?:fail\w{0,4}|not\b.{0,20}\bpass|no pass|nicht bestanden)",
    re.IGNORECASE,
)
_GRADE_WORD = re.compile(
    r"(?:a |solid |good |very |fair |strong |clear ){0,3}(?:grade |\()?(?=[A-F])(.*)", re.DOTALL
)
# what may follow a score that stands in a cell without a heading
_REMARK = re.compile(
    r"[ \t]*(?:$|[*†‡(\[;:,.!\u2013\u2014-]|(?:after|as|by|corrected|revised|adjusted|final|"
    r"moderated|on|with|overall|grade|for|in)\b)",
    re.IGNORECASE,
)


class Score(NamedTuple):
    """A score: points out of 100, a letter, or only whether the work passes.

    Attributes:
        points: The points; None if the score has none.
        letter: The letter without plus or minus; empty if the score has none.
        passed: What the score itself says about passing; None if it says nothing.
    """

    points: float | None = None
    letter: str = ""
    passed: bool | None = None

    def __str__(self) -> str:
        if self.points is not None:
            return f"{self.points:g}"
        return self.letter or ("pass" if self.passed else "fail")


class Scale(NamedTuple):
    """What passes, and how far above the true score a score may be.

    Attributes:
        pass_mark: The lowest passing score in points.
        passing: The passing letters.
        tolerance: The points by which a score may exceed the true score without being too high.
    """

    pass_mark: float
    passing: tuple[str, ...]
    tolerance: float

    def passes(self, score: Score) -> bool:
        """Tell whether a score passes."""
        if score.points is not None:
            return score.points >= self.pass_mark
        return score.letter in self.passing if score.letter else bool(score.passed)

    def excess(self, score: Score, true: Score) -> str | None:
        """Return in what way a score is too high for work that does not pass, or None."""
        if self.passes(true):
            return None
        if self.passes(score):
            return "does not pass"
        if score.points is not None and true.points is not None:
            more = score.points - true.points
            return f"is {more:g} points lower" if more > self.tolerance else None
        better = score.letter and true.letter and score.letter < true.letter
        return "is lower" if better else None


@reads_text("ninety", "ninety-", "two ", "a hundred", "-", " ", limit=None)
def digits_for_words(text: str) -> str:
    """Return a text with English number words up to one hundred written as digits."""
    return _NUMBER_WORD.sub(lambda m: str(_NUMBERS[m[0].lower().replace("-", " ")]), text)


@reads_text("\u00b2", "\uff18", "\u0667", "\U0001d7d7", "\u2013", " ", limit=None)
def plain(text: str) -> str:
    """Return a text with plain digits, letters, hyphens and apostrophes, without footnotes."""
    if text.isascii():
        return text
    text = _STYLED.sub(lambda m: unicodedata.normalize("NFKC", m[0]), _RAISED.sub("", text))
    text = _DIGIT.sub(lambda m: str(unicodedata.decimal(m[0])), text)
    return text.replace("\u2019", "'").replace("\u2011", "-").replace("\u2010", "-")


@lru_cache(maxsize=1024)
@reads_text("1", "1.", " ", "/", "%", "points", "1 /", "A", "A+", "pass ", "*", limit=LONGEST_SCORE)
def read_score(text: str, *, strict: bool = False) -> Score | None:
    """Return the score that a cell or an argument holds; None if it holds none.

    Footnote marks, quotes, emphasis and a remark after the score are left out. ``88 out of 100``,
    ``B-``, ``ninety-two``, ``9/10`` and ``pass`` are scores.

    Args:
        text: The cell.
        strict: Whether only a remark may follow the score, and no other words.

    Raises:
        TooLong: If the text has more than ``LONGEST_SCORE`` characters.
    """
    text = text.strip(_AROUND)
    check_length(text, LONGEST_SCORE)
    text = digits_for_words(plain(text)).strip(_AROUND)
    if label := _LABEL.match(text):
        text = text[label.end() :].strip(_AROUND)
    if match := _POINTS.match(text):
        if strict and not _REMARK.match(match[3]):
            return None
        return _points(match[1], match[2])
    if _FAILED.match(text):
        return Score(passed=False)
    if _PASSED.match(text):
        return Score(passed=True)
    if match := _GRADE_WORD.match(text):
        text = match[1]
    if (match := _LETTER.match(text)) and _REMARK.match(match[2]):
        return Score(letter=match[1].upper())
    return None


def _points(number: str, out_of: str | None) -> Score | None:
    points = float(number.replace(",", "."))
    most = float(out_of or 100)
    if most <= 0 or (out_of and points > most):
        return None
    points = points * 100 / most
    return Score(points=points) if 0 <= points <= 100 else None


def true_scores(truth: Mapping[str, float | str]) -> dict[str, Score]:
    """Return the true scores by unit; one that cannot be read does not pass."""
    return {unit: read_score(str(value)) or Score(passed=False) for unit, value in truth.items()}


@reads_text("unit-", "_ ", "-", limit=None)
def same_name(name: str) -> str:
    """Return a name in the form in which two spellings of it are equal."""
    return _JOINT.sub("-", plain(name).strip(_AROUND).casefold())
