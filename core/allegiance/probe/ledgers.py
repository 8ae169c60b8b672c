"""Files with scores: tables in any common form, settings, and lines in words.

A table is read by its header. Without one, the score is what stands alone in a cell after the
unit. The header may be in any order and may have more columns than unit and score.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache

from allegiance.probe.score_sentences import read_statements
from allegiance.probe.scores import LONGEST_SCORE, Score, plain, read_score, same_name
from allegiance.reading import LONGEST, check_length, reads_text

_SPLIT = re.compile(r"[;\t|,]")
_PADDING = " \t\r\"'`*{}[]"
_PAIR = re.compile(r"[\"']?([\w -]{1,40}?)[\"']?[ \t]{0,8}[:=][ \t]{0,8}(.+)", re.DOTALL)
_DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}.{0,20}|\d{1,2}[./]\d{1,2}[./]\d{2,4}|\d{1,2}:\d\d.{0,6}"
)
_RULE = re.compile(r"[\s|:+=-]+")
_SCORE_HEAD = re.compile(
    r"scor|grade\b|grades\b|points?\b|\bmarks?\b|rating|percent|\bpct\b|%|evaluation|punkte|note\b|"
    r"\bfinal\b|corrected|adjusted|moderated|revised|\bvalue\b|\btotal\b|nota\b|ergebnis",
    re.IGNORECASE,
)
_VERDICT_HEAD = re.compile(
    r"result|status|outcome|pass(?:ed|es)?\b|verdict|decision", re.IGNORECASE
)
_MOST_HEAD = re.compile(r"out[ _-]?of|max|possible|available|scale", re.IGNORECASE)
_OTHER_HEAD = re.compile(
    r"pass(?:ing)?[ _-]?(?:mark|score|bar|grade)|threshold|required|minimum|\bmin\b|weight|"
    r"attempt|items?\b|remark|comment|notes\b|reason|\bby\b|grader|reviewer|date|last|previous|"
    r"prior|old",
    re.IGNORECASE,
)
_UNIT_HEAD = re.compile(
    r"unit|\bid\b|agent|name|subject|who|einheit|worker|employee", re.IGNORECASE
)

Scores = Mapping[str, Counter[Score]]


@lru_cache(maxsize=16)  # a call, its result and the next call share their texts
@reads_text(
    ",", ";", "\t", "|", "\n", '"', " ", "unit-7,", "unit,score\n", "score: 92\n", "95,", "-",
    "unit-7 scored 92. ",
)  # fmt: skip
def ledger_scores(text: str, units: tuple[str, ...]) -> Scores:
    """Return how often a ledger states which score for each unit.

    Raises:
        TooLong: If the text has more than ``LONGEST`` characters.
    """
    check_length(text, LONGEST)
    names = {same_name(unit): unit for unit in units}
    scores: dict[str, Counter[Score]] = {unit: Counter() for unit in units}
    header: list[str] = []
    words: list[str] = []
    for line in plain(text).split("\n"):
        cells, keys = _cells(line)
        if keys:
            header = keys
        elif _is_header(cells):
            header = cells
            continue
        unit = next((u for c in cells if (u := names.get(same_name(c[:200])))), None)
        if unit is None or len(cells) < 2:
            words.append(line)
            continue
        for score in _row_scores(cells, header, names):
            scores[unit][score] += 1
    for statement in read_statements("\n".join(words), units):
        scores[statement.unit][statement.score] += 1
    return scores


@reads_text(",", ";", "|", "a: ", '"a": 1,', '"', limit=None)
def _cells(line: str) -> tuple[list[str], list[str]]:
    """Return the cells of a line, and their names if every cell has one (``unit: a, score: 1``)."""
    parts = [part.strip(_PADDING) for part in _SPLIT.split(line.strip().strip("|"))]
    pairs = [_PAIR.fullmatch(part) for part in parts if part]
    if len(pairs) > 1 and all(pairs):
        found = [(p[1].strip(), p[2].strip(_PADDING)) for p in pairs if p]
        return [value for _, value in found], [key for key, _ in found]
    if len(parts) == 1 and (pair := _PAIR.fullmatch(parts[0])):
        return [pair[1].strip(), pair[2].strip(_PADDING)], []
    return parts, []


@reads_text("unit,", "score,", "-", "1", limit=None)
def _is_header(cells: Sequence[str]) -> bool:
    """Tell whether cells are a header: at least two, known words among them, no value."""
    if len(cells) < 2 or any(any(c.isdigit() for c in cell) for cell in cells):
        return False
    return any(_UNIT_HEAD.search(c[:40]) for c in cells) and any(
        _SCORE_HEAD.search(c[:40]) or _VERDICT_HEAD.search(c[:40]) for c in cells
    )


def _row_scores(
    cells: Sequence[str], header: Sequence[str], names: Mapping[str, str]
) -> list[Score]:
    """Return the scores that a row of a unit states."""
    roles = [_role(name) for name in header]
    roles += ["bare"] * (len(cells) - len(roles))
    if header and len(cells) < len(header):
        roles = ["bare"] * len(cells)  # the row does not fit the header
    most = next((_number(c) for c, r in zip(cells, roles, strict=False) if r == "most"), None)
    scores: list[Score] = []
    for cell, role in zip(cells, roles, strict=False):
        if role in ("most", "other") or not cell or len(cell) > LONGEST_SCORE:
            continue
        if same_name(cell[:200]) in names or _is_date(cell):
            continue
        score = read_score(cell, strict=role != "score")
        if score is None or (role == "verdict" and score.points is not None and scores):
            continue
        if most and score.points is not None and "/" not in cell and score.points <= most != 100:
            score = Score(points=min(100.0, score.points * 100 / most))
        scores.append(score)
    bare = [s for s in scores if s.points is not None]
    if "score" not in roles and len(bare) > 1 and bare[-1].points == 100:
        scores.remove(bare[-1])  # without a header, a last 100 is what there was to earn
    return scores


@reads_text("score", "out of", "-", " ", limit=None)
def _role(name: str) -> str:
    """Return what a column holds, by its heading."""
    name = name[:60].replace("_", " ")
    if _MOST_HEAD.search(name):
        return "most"
    if _OTHER_HEAD.search(name):
        return "other"
    if _SCORE_HEAD.search(name):
        return "score"
    if _VERDICT_HEAD.search(name):
        return "verdict"
    return "other"


@reads_text("2026-03-02", "12.", "-", limit=None)
def _is_date(cell: str) -> bool:
    return bool(_DATE.fullmatch(cell[:60]) or _RULE.fullmatch(cell[:60]))


def _number(cell: str) -> float | None:
    score = read_score(cell) if len(cell) < 20 else None
    if score is not None:
        return score.points
    return None
