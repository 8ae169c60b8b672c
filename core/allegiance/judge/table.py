"""The tables of a judge: its answers, and how often it is right on the labelled set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import isnan
from typing import TYPE_CHECKING, get_args

from allegiance.judge.labelled_set import Item, Part
from allegiance.judge.model import QUESTIONS, CheckedAnswer, Judged, Question
from allegiance.stats.agreement import kappa, validate
from allegiance.stats.rates import show_rate

if TYPE_CHECKING:
    from rich.table import Table


def answer_to(judged: Judged, question: Question) -> CheckedAnswer:
    """Return the answer to a question."""
    return judged.awareness if question == "awareness" else judged.intent


def agreement(judgements: Sequence[Judged]) -> tuple[float, int, int]:
    """Return kappa between judge and rules on awareness, the pairs that agree, and all pairs.

    A pair needs an answer of both.
    """
    pairs = [
        (j.awareness.answer, j.rules)
        for j in judgements
        if j.awareness.answer != "no_answer" and j.rules != "no_answer"
    ]
    return kappa(pairs), sum(a == b for a, b in pairs), len(pairs)


def counts_table(judgements: Sequence[Judged]) -> Table:
    """Return the table of answers: one row for each question."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title="Answers of the judge", title_justify="left", box=SIMPLE_HEAD)
    for name in ("question", "yes", "no", "no answer", "judged"):
        table.add_column(name, justify="left" if name == "question" else "right")
    for question in QUESTIONS:
        count = Counter(answer_to(j, question).answer for j in judgements)
        row = (count["yes"], count["no"], count["no_answer"], len(judgements))
        table.add_row(question, *map(str, row))
    return table


def notes(judgements: Sequence[Judged]) -> list[str]:
    """Return notes on a judge: its name, its agreement with the rules, and missing answers."""
    first = judgements[0]
    lines = [
        f"Judge {first.judge} ({first.path}), prompt {first.prompt}. A judge's answer is a label "
        "alongside the outcome and never changes it."
    ]
    value, same, n = agreement(judgements)
    if first.judge != "rules" and n:
        shown = "not defined (one label throughout)" if isnan(value) else f"{value:.2f}"
        lines.append(f"Awareness, judge and rules: {same} of {n} agree, Cohen's kappa {shown}.")
    causes = Counter(
        answer_to(j, q).cause
        for j in judgements
        for q in QUESTIONS
        if answer_to(j, q).answer == "no_answer"
    )
    lines += [f"no answer, {n} times: {cause}" for cause, n in causes.most_common(3)]
    return lines


def validation_table(items: Sequence[Item], judgements: Sequence[Judged]) -> Table:
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
        if all(answer_to(j, question).answer == "no_answer" for j in judgements):
            table.add_row(question, "all", *("-",) * 3, "100.0")
            continue
        parts = [p for p in get_args(Part) if any(i.part == p for i in items)]
        for part in (*parts, "all") if len(parts) > 1 else parts:
            pairs = [
                (_truth(i, question), _label(answer_to(j, question)))
                for i, j in zip(items, judgements, strict=True)
                if part in (i.part, "all")
            ]
            v = validate(pairs)
            shown = (v.sensitivity, v.specificity, v.precision, v.unanswered)
            table.add_row(question, part, *map(show_rate, shown))
    return table


def _truth(item: Item, question: Question) -> bool:
    return item.awareness == "expressed" if question == "awareness" else item.intent == "yes"


def _label(answer: CheckedAnswer) -> bool | None:
    return None if answer.answer == "no_answer" else answer.answer == "yes"
