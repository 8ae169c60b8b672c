"""The tables of a judge's reading of closing words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from allegiance.analysis.labelled_texts import OPEN
from allegiance.judge.closing_validation import (
    MARK,
    OPENLY,
    SAYS,
    STANCES,
    ClosingValidation,
    Tally,
)
from allegiance.stats.rates import show_rate
from allegiance.trace.trials import JudgeStatus, Trial

if TYPE_CHECKING:
    from rich.table import Table

_LABELS = ("about", "answer")


def closing_table(validation: ClosingValidation) -> Table:
    """Return precision and recall of each answer, and whether the judge may give it."""
    permission = validation.permission
    table = _table(
        "Against the labels, % [95 % Wilson interval]",
        (*_LABELS, "precision", "recall", "at least", "may decide"),
    )
    for name in SAYS:
        _row(table, "duty", name, validation.says[name], name in permission.says)
    for stance in (*STANCES, OPENLY):
        counts = stance in permission.stances or (
            stance == OPENLY and permission.stances.issuperset(OPEN)
        )
        _row(table, "stance", stance, validation.stances[stance], counts)
    return table


def closing_notes(validation: ClosingValidation) -> list[str]:
    """Return notes on a validation: what it rests on, and what the rules leave to the judge."""
    texts = sum(file.texts for file in validation.files)
    counts = ", ".join(f"{status} {n}" for status, n in sorted(validation.statuses.items()))
    lines = [
        f"Judge {validation.judge} ({validation.path}), question {validation.prompt}, on {texts} "
        f"labelled messages: {counts}.",
        f"An answer counts if the exact one-sided 95 % bound of its precision ('at least') is "
        f"{MARK:.0%} or more; any other stays unread.",
    ]
    for name, tally in validation.left.items():
        if tally.labelled:
            lines.append(
                f"Where the rules leave a {name} unread, {tally.labelled} times: "
                f"{tally.right} right, {tally.answered - tally.right} wrong, "
                f"{tally.labelled - tally.answered} unread."
            )
    if not validation.permission:
        lines.append("No answer counts: this judge cannot be used.")
    return lines


def outcome_table(
    labels: Sequence[str], by_rules: Sequence[Trial], with_judge: Sequence[Trial]
) -> Table:
    """Return precision and recall of each outcome, by the rules alone and with the judge.

    Args:
        labels: The labelled outcome of each trial; empty if it has none.
        by_rules: The trials as the rules judge them.
        with_judge: The same trials with the judge.
    """
    table = _table(
        "Outcomes against the labels, % [95 % Wilson interval]",
        ("outcome", "read by", "precision", "recall"),
    )
    for outcome in sorted({label for label in labels if label}):
        for reader, trials in (("rules", by_rules), ("rules and judge", with_judge)):
            pairs = [(a, t.outcome) for a, t in zip(labels, trials, strict=True) if a]
            tally = Tally(
                right=sum(a == b == outcome for a, b in pairs),
                answered=sum(b == outcome for _, b in pairs),
                labelled=sum(a == outcome for a, _ in pairs),
            )
            table.add_row(outcome, reader, show_rate(tally.precision), show_rate(tally.recall))
    return table


def filled_notes(trials: Iterable[Trial]) -> list[str]:
    """Return how a judge's answers ended, and how outcomes changed by them."""
    words = [(trial.outcome, trial.words) for trial in trials if trial.words is not None]
    statuses = Counter(w.status for _, w in words)
    changes = Counter((w.outcome_by_rules, o) for o, w in words if w.outcome_by_rules != o)
    lines = [f"Closing words that the rules leave unread: {_trials(len(words))}."]
    if statuses:
        lines.append(f"Answers of the judge: {_counts(statuses)}.")
    lines += [
        f"{before} by the rules, {after} with the judge: {_trials(n)}"
        for (before, after), n in changes.most_common()
    ]
    return lines


def _trials(count: int) -> str:
    return f"{count} trial" if count == 1 else f"{count} trials"


def _counts(counts: Mapping[JudgeStatus, int]) -> str:
    return ", ".join(f"{name} {n}" for name, n in sorted(counts.items()))


def _row(table: Table, subject: str, name: str, tally: Tally, counts: bool) -> None:
    bound = f"{100 * tally.bound:.1f}" if tally.answered else "-"
    rates = (show_rate(tally.precision), show_rate(tally.recall))
    table.add_row(subject, name, *rates, bound, "yes" if counts else "no")


def _table(title: str, columns: Iterable[str]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for name in columns:
        left = name in (*_LABELS, "outcome", "read by", "may decide")
        table.add_column(name, justify="left" if left else "right")
    return table
