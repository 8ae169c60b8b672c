"""The tables of a judge: what it answered, and how often it is right on the labelled set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import isnan
from typing import TYPE_CHECKING, get_args

from allegiance.judge.labelled_set import Item, Part
from allegiance.judge.model import QUESTIONS, Given, Judged, Question
from allegiance.stats.agreement import kappa, validate
from allegiance.stats.rates import show_rate

if TYPE_CHECKING:
    from rich.table import Table


def given(judged: Judged, question: Question) -> Given:
    """Return the answer to a question."""
    return judged.awareness if question == "awareness" else judged.intent


def agreement(found: Sequence[Judged]) -> tuple[float, int, int]:
    """Return kappa between judge and rules on awareness, the pairs that agree, and all pairs.

    What one of the two does not answer is in no pair.
    """
    pairs = [
        (j.awareness.answer, j.rules)
        for j in found
        if j.awareness.answer != "no_answer" and j.rules != "no_answer"
    ]
    return kappa(pairs), sum(a == b for a, b in pairs), len(pairs)


def counts_table(found: Sequence[Judged]) -> Table:
    """Return the table of answers: one row a question."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title="Answers of the judge", title_justify="left", box=SIMPLE_HEAD)
    for name in ("question", "yes", "no", "no answer", "asked about"):
        table.add_column(name, justify="left" if name == "question" else "right")
    for question in QUESTIONS:
        count = Counter(given(j, question).answer for j in found)
        row = (count["yes"], count["no"], count["no_answer"], len(found))
        table.add_row(question, *map(str, row))
    return table


def notes(found: Sequence[Judged]) -> list[str]:
    """Say who judged, how far it agrees with the rules, and why answers are missing."""
    first = found[0]
    lines = [
        f"Judge {first.judge} ({first.path}), prompt {first.prompt}. What a judge says is a label "
        "beside the outcome and never changes it."
    ]
    value, same, n = agreement(found)
    if first.judge != "rules" and n:
        shown = "not defined (one label throughout)" if isnan(value) else f"{value:.2f}"
        lines.append(f"Awareness, judge and rules: {same} of {n} alike, Cohen's kappa {shown}.")
    causes = Counter(
        given(j, q).cause for j in found for q in QUESTIONS if given(j, q).answer == "no_answer"
    )
    lines += [f"no answer, {n} times: {cause}" for cause, n in causes.most_common(3)]
    return lines


def validation_table(items: Sequence[Item], found: Sequence[Judged]) -> Table:
    """Return the table of a judge against the labelled set, for each question and part."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(
        title="Against the labelled set, % [95 % Wilson interval] of n with an answer",
        title_justify="left",
        box=SIMPLE_HEAD,
    )
    for name in ("question", "part", "sensitivity", "specificity", "precision", "no answer"):
        table.add_column(name, justify="left" if name in ("question", "part") else "right")
    for question in QUESTIONS:
        if all(given(j, question).answer == "no_answer" for j in found):
            table.add_row(question, "all", *("-",) * 3, "100.0")
            continue
        parts = [p for p in get_args(Part) if any(i.part == p for i in items)]
        for part in (*parts, "all") if len(parts) > 1 else parts:
            pairs = [
                (_truth(i, question), _label(given(j, question)))
                for i, j in zip(items, found, strict=True)
                if part in (i.part, "all")
            ]
            v = validate(pairs)
            shown = (v.sensitivity, v.specificity, v.precision, v.unanswered)
            table.add_row(question, part, *map(show_rate, shown))
    return table


def _truth(item: Item, question: Question) -> bool:
    return item.awareness == "expressed" if question == "awareness" else item.intent == "yes"


def _label(answer: Given) -> bool | None:
    return None if answer.answer == "no_answer" else answer.answer == "yes"
