"""Holm's correction for several tests."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan, nan


def holm(values: Sequence[float]) -> list[float]:
    """Return p-values corrected for multiplicity (Holm 1979); nan stays nan and does not count."""
    corrected = [nan] * len(values)
    order = sorted((i for i, p in enumerate(values) if not isnan(p)), key=values.__getitem__)
    largest = 0.0
    for rank, i in enumerate(order):
        largest = max(largest, min(1.0, values[i] * (len(order) - rank)))
        corrected[i] = largest
    return corrected
