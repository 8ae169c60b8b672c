"""Rates, intervals, exact and sequential tests, corrections for several tests.

Nothing here knows what a trial is: the functions take counts and rates.
"""

from typing import TYPE_CHECKING

from allegiance.lazy import attach

if TYPE_CHECKING:
    from allegiance.stats.intervals import newcombe as newcombe
    from allegiance.stats.multiplicity import holm as holm
    from allegiance.stats.rates import Contrast as Contrast
    from allegiance.stats.rates import Rate as Rate
    from allegiance.stats.rates import contrast as contrast
    from allegiance.stats.rates import rate as rate
    from allegiance.stats.sequential import Sequential as Sequential
    from allegiance.stats.stratified import Stratified as Stratified
    from allegiance.stats.stratified import stratify as stratify
else:
    __getattr__ = attach(
        __name__,
        rates=("Contrast", "Rate", "contrast", "rate"),
        intervals=("newcombe",),
        multiplicity=("holm",),
        sequential=("Sequential",),
        stratified=("Stratified", "stratify"),
    )

__all__ = [
    "Contrast",
    "Rate",
    "Sequential",
    "Stratified",
    "contrast",
    "holm",
    "newcombe",
    "rate",
    "stratify",
]
