"""Reads reports that have a form: lines, tables, check boxes, headings with lists, JSON, YAML.

A form names duties and gives each a status. It decides by itself, whatever language stands around
it. A duty goes by its id, by its description, or by a noun of its topic in a short line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from allegiance.reading import reads_text
from allegiance.statements.data_forms import read_data
from allegiance.statements.marks import Mark, mark_of, pattern, words
from allegiance.statements.names import EMPHASIS, LONGEST_LINE, Names, first_part, whole_duty
from allegiance.statements.tables import read_tables

_BULLET = re.compile(
    r"^[\s>]*(?:[-*+\u2022\u00b7\u25aa\u2013\u2014]|\(?\d{1,3}[.):]|\(?[a-z][.)])\s+(?=\S)"
)
_BOX = re.compile(r"^\s*(?:[-*+\u2022]\s*)?(\[[ xX\u2713\u2714v-]?\]|\([ xX]\))\s+")
_HEADING = re.compile(r"^\s*#{1,6}\s+")
_JOIN = re.compile(
    r"^[\s,&+/\u3001]*(?:(?:and|und|et|y|e|en|i|och|\u0438|ve)\s+)?[\s,&+/\u3001]*$", re.IGNORECASE
)
_BETWEEN = re.compile(
    r"^[\s:=\u2192>.\u2026|\-\u2013\u2014\uff1a,;(\[{<\u3010\u300c\"'/*~\u00ab\u00bb)\]}\u3011\u300d]*"
    r"(?:(?:the|my|is|was|has been|both|all|now|with|\u7684|\u306f)\s+|"
    r"(?:duty|item|task|status|step|no)\.?\s*\d{0,3}\s*[:.)-]?\s*|\d{1,3}[.)]\s*)?"
    r"[\s:=\u2192>.\u2026|\-\u2013\u2014\uff1a(\[{<\u3010\u300c\"'/*~\u00ab\u00bb)\]}\u3011\u300d]*$",
    re.IGNORECASE,
)
_OPENERS = "[({<\u3010\uff08\u3014\u00ab\u300c"
_SEPARATOR = re.compile(r"[:=\u2192\uff1a|;,\t]|->|=>|\s[-\u2013\u2014]\s|\.{2,}|\s$")
_SENTENCE = re.compile(r"(?<=[.!\u3002])\s+|:\s+(?=\S+ \[)")
_LEAD = re.compile(r"^(?:status|state|result) (?:of|for) ", re.IGNORECASE)
_KEY = re.compile(r"^\s*([^\W\d_][\w ]{0,24}?)\s*[:=\uff1a]\s*(.{0,200})$")
_PLAIN_MARKS = ("done", "not done", "declined", "completed")
"""Words that may stand before a duty without a separator."""


@dataclass(frozen=True)
class _Token:
    start: int
    end: int
    duty: str = ""
    mark: Mark | None = None


@reads_text("[done]", "evaluate", ": ", "| ", "- ", "{", "\n", "#", "`", limit=None)
def read_forms(text: str, blocks: Sequence[str], names: Names) -> dict[str, Mark]:
    """Return the status of each duty that a form states; the last line of a duty counts.

    Args:
        text: The text without thoughts, quoted lines and code blocks.
        blocks: What the code blocks hold: they count if they are data, or whole forms.
        names: The names of the duties.
    """
    ids = {name: duty for name, duty in names.duty.items() if len(name) < 40}
    stated: dict[str, Mark] = {}
    for source in (*blocks, text):
        stated |= read_data(source, ids)
    lines = text.splitlines()
    stated |= _read_lines(lines, names)
    stated |= read_tables(lines, names)
    return stated


def _read_lines(lines: Sequence[str], names: Names) -> dict[str, Mark]:
    stated: dict[str, Mark] = {}
    section: Mark | None = None
    duty_section = ""
    for line in lines:
        bare = _bare(line)
        if not bare:
            continue
        if (key := _KEY.match(bare)) and key[1].casefold() in words()["duty_keys"]:
            duty_section = whole_duty(key[2], names)
            continue
        if duty_section and key and key[1].casefold() in words()["status_keys"]:
            if mark := mark_of(first_part(key[2])):
                stated[duty_section] = mark
            continue
        found = _of_line(bare, names) if len(bare) <= LONGEST_LINE else {}
        if found:
            stated |= found
            continue
        if duty_section and (mark := mark_of(bare)):
            stated[duty_section] = mark
            continue
        if mark := _section_mark(bare):
            section = mark
            continue
        duty = whole_duty(bare, names)
        if duty and section:
            stated[duty] = section
        elif duty and (_HEADING.match(line) or bare.endswith(":")):
            duty_section = duty
        elif not _BULLET.match(line):
            section = None
    return stated


def _of_line(bare: str, names: Names) -> dict[str, Mark]:
    """Return the statuses in a line, or else in one of its sentences."""
    if bare.startswith(("{", '["')):
        return {}
    if found := dict(_pairs(bare, names)):
        return found
    parts = _SENTENCE.split(bare)
    return {d: m for part in parts for d, m in _pairs(part, names)} if len(parts) > 1 else {}


def _bare(line: str) -> str:
    """Return a line without bullets, emphasis and heading marks; a box stays."""
    line = _HEADING.sub("", line.strip())
    if box := _BOX.match(line):
        return f"{box[1]} {EMPHASIS.sub('', line[box.end() :])}".strip()
    line = _LEAD.sub("", line)
    return EMPHASIS.sub("", _BULLET.sub("", line, count=1)).strip()


def _section_mark(bare: str) -> Mark | None:
    return (
        mark_of(bare)
        if len(bare) < 40 and (bare.endswith((":", "\uff1a")) or len(bare) < 20)
        else None
    )


def _tokens(line: str, names: Names) -> list[_Token]:
    tokens = [
        _Token(
            m.start(),
            m.end(),
            duty=names.duty.get(" ".join(re.split(r"[ _-]", m[0])).casefold(), "")
            or names.duty.get(m[0].casefold(), ""),
        )
        for m in names.pattern.finditer(line)
    ]
    taken = [(t.start, t.end) for t in tokens]
    tokens += [
        _Token(m.start(), m.end(), mark=mark_of(m[1]))
        for m in pattern().finditer(line)
        if not any(start < m.end() and m.start() < end for start, end in taken)
    ]
    return sorted(tokens, key=lambda t: t.start)


def _pairs(line: str, names: Names) -> Iterator[tuple[str, Mark]]:
    """Yield the duties of a line with their status, if the line is a form."""
    tokens = [t for t in _tokens(line, names) if t.duty or t.mark]
    if not (any(t.duty for t in tokens) and any(t.mark for t in tokens)):
        return
    if re.search(r"\w", line[: tokens[0].start]) and not _BETWEEN.match(line[: tokens[0].start]):
        return
    if _is_menu(line, tokens):
        return
    tokens = _leading(line, tokens)
    if not tokens:
        return
    if tokens[0].mark:
        yield from _status_first(line, tokens)
    else:
        yield from _duty_first(line, tokens)


def _is_menu(line: str, tokens: Sequence[_Token]) -> bool:
    """Tell whether a line offers several statuses for one duty, to choose from."""
    duties = {t.duty for t in tokens if t.duty}
    marks = [t for t in tokens if t.mark]
    if len({t.mark for t in marks}) <= len(duties) or len(marks) < 2:
        return False
    gaps = [line[a.end : b.start] for a, b in pairwise(marks)]
    return any(re.search(r"[/|]|\bor\b", gap) for gap in gaps) or _repeats(tokens)


def _repeats(tokens: Sequence[_Token]) -> bool:
    duties = [t.duty for t in tokens if t.duty]
    return len(duties) > len(set(duties))


def _leading(line: str, tokens: list[_Token]) -> list[_Token]:
    """Return the tokens up to where the line goes on in words."""
    kept = [tokens[0]]
    for before, token in pairwise(tokens):
        gap = line[before.end : token.start]
        if not (
            _BETWEEN.match(gap) or _JOIN.match(gap) or _new_pair(gap, before, token, tokens[0])
        ):
            break
        kept.append(token)
    return (
        kept if any(t.duty for t in kept) and any(t.mark for t in kept) else _at_end(line, tokens)
    )


def _new_pair(gap: str, before: _Token, token: _Token, first: _Token) -> bool:
    """Tell whether a gap holds remarks between two pairs: ``[done] a, 60 points; [not done] b``."""
    if bool(first.mark) == bool(before.mark):  # the pair before the gap is not complete
        return False
    return (
        len(gap) < 80
        and bool(re.search(r"[;,.|)]\s*[\[(]?$", gap))
        and bool(token.mark or token.duty)
    )


def _at_end(line: str, tokens: list[_Token]) -> list[_Token]:
    """Return duty and status of ``evaluate, 60 points: done``; an empty list for another line."""
    first, last = tokens[0], tokens[-1]
    rest = line[last.end :].strip(" .!)]}")
    if first.duty and last.mark and not rest and len(line) < 120:
        gap = line[first.end : last.start]
        if len(gap.split()) <= 6 and re.search(
            r"[:=|\u2192\[(\u2014\u2013]\s*$|->\s*$| - $|\.{2,}\s*$", gap
        ):
            return [first, last]
    return []


def _status_first(line: str, tokens: Sequence[_Token]) -> Iterator[tuple[str, Mark]]:
    mark: Mark | None = None
    for token in tokens:
        if token.mark:
            mark = token.mark
            bracketed = (
                line[token.start - 1 : token.start] in tuple(_OPENERS)
                or not line[token.start].isalpha()
            )
            after = line[token.end :][:3]
            if not bracketed and not re.match(
                r"\s*[:\-\u2013\u2014=>|,;\]]|\s+[a-z]", after, re.IGNORECASE
            ):
                mark = None
        elif mark:
            yield token.duty, mark


def _duty_first(line: str, tokens: Sequence[_Token]) -> Iterator[tuple[str, Mark]]:
    waiting: list[tuple[_Token, str]] = []
    marks = [t.mark for t in tokens if t.mark]
    duties = [t.duty for t in tokens if t.duty]
    if len(marks) == len(duties) and all(t.duty for t in tokens[: len(duties)]):
        yield from zip(duties, [m for m in marks if m], strict=False)  # a/b: done/not done
        return
    for token in tokens:
        if token.duty:
            waiting.append((token, token.duty))
        elif token.mark:
            if waiting and _joined(line, waiting[-1][0], token):
                yield from ((duty, token.mark) for _, duty in waiting)
            waiting = []


def _joined(line: str, duty: _Token, mark: _Token) -> bool:
    """Tell whether a status belongs to the duty before it."""
    gap = line[duty.end : mark.start]
    rest = line[mark.end :].strip()
    symbol = not line[mark.start].isalpha()
    return bool(
        symbol
        or _SEPARATOR.search(gap)
        or gap.strip()[-1:] in tuple(_OPENERS)
        or (not rest.strip(" .!)]}") and len(line.split()) <= 5)
    )
