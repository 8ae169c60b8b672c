"""How well two labellers agree, and how well one does against the truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from math import nan

from allegiance.stats.rates import Rate, rate
from allegiance.trace.wire import Wire


def kappa(pairs: Iterable[tuple[Hashable, Hashable]]) -> float:
    """Return Cohen's kappa, (p_o - p_e) / (1 - p_e) (Cohen 1960).

    It is nan without pairs, and where both labellers give one and the same label throughout:
    agreement by chance is then certain.

    Args:
        pairs: The labels of the two for each thing that both have labelled.
    """
    found = list(pairs)
    n = len(found)
    if not n:
        return nan
    first, second = Counter(a for a, _ in found), Counter(b for _, b in found)
    chance = sum(first[name] * second[name] for name in first) / n**2
    if chance == 1:
        return nan
    observed = sum(a == b for a, b in found) / n
    return (observed - chance) / (1 - chance)


class Validation(Wire):
    """A labeller against the truth, with 95 % Wilson intervals.

    What has no answer counts against neither rate: ``not_scored`` says how many of each kind.

    Attributes:
        sensitivity: Of the things that are so, the share labelled so (recall).
        specificity: Of the things that are not, the share labelled not.
        precision: Of the things labelled so, the share that is so; it depends on the mix.
        unanswered: The share without an answer.
    """

    sensitivity: Rate
    specificity: Rate
    precision: Rate
    unanswered: Rate


def validate(pairs: Iterable[tuple[bool, bool | None]]) -> Validation:
    """Compare labels with the truth.

    Args:
        pairs: Truth and label; None stands for no answer.
    """
    found = list(pairs)
    return Validation(
        sensitivity=rate(got for true, got in found if true),
        specificity=rate(None if got is None else not got for true, got in found if not true),
        precision=rate(true for true, got in found if got),
        unanswered=rate(got is None for _, got in found),
    )
