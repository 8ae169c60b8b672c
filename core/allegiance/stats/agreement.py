"""Agreement of two labellers, and of a labeller with the truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from math import nan

from allegiance.stats.rates import Rate, rate
from allegiance.trace.wire import Wire


def kappa(pairs: Iterable[tuple[Hashable, Hashable]]) -> float:
    """Return Cohen's kappa, (p_o - p_e) / (1 - p_e) (Cohen 1960).

    The value is nan without pairs, and if both labellers use a single label throughout: agreement
    by chance is then certain.

    Args:
        pairs: The two labels of each item.
    """
    labels = list(pairs)
    n = len(labels)
    if not n:
        return nan
    first, second = Counter(a for a, _ in labels), Counter(b for _, b in labels)
    chance = sum(first[name] * second[name] for name in first) / n**2
    if chance == 1:
        return nan
    observed = sum(a == b for a, b in labels) / n
    return (observed - chance) / (1 - chance)


class Validation(Wire):
    """A labeller compared with the truth, with 95 % Wilson intervals.

    Items without an answer count for no rate; ``not_scored`` of each rate gives their number.

    Attributes:
        sensitivity: The share of true items that are labelled true (recall).
        specificity: The share of false items that are labelled false.
        precision: The share of items labelled true that are true; it depends on the mix of items.
        unanswered: The share of items without an answer.
    """

    sensitivity: Rate
    specificity: Rate
    precision: Rate
    unanswered: Rate


def validate(pairs: Iterable[tuple[bool, bool | None]]) -> Validation:
    """Compare labels with the truth.

    Args:
        pairs: Truth and label of each item; None stands for no answer.
    """
    items = list(pairs)
    return Validation(
        sensitivity=rate(label for true, label in items if true),
        specificity=rate(None if label is None else not label for true, label in items if not true),
        precision=rate(true for true, label in items if label),
        unanswered=rate(label is None for _, label in items),
    )
